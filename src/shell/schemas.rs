//! The schemas that are known to this process: those compiled in, and the files of the
//! configuration; and the registry, where there is one, that says which of them an id means.

use std::fs;

use super::config::{Config, ConfigError};
use super::registry::HttpRegistry;
use crate::wire::Schemas;

/// Loads them.
///
/// # Errors
/// The file that cannot be read, or is no schema of a known record.
pub fn load(config: &Config) -> Result<Schemas, ConfigError> {
    let read = |path: &std::path::PathBuf| {
        let name = path.display().to_string();
        match fs::read_to_string(path) {
            Ok(json) => Ok((name, json)),
            Err(error) => {
                let remedy = "name files that hold Avro schemas of the records on the inputs";
                Err(ConfigError::new("schemas.extra", format!("{name}: {error}"), remedy))
            }
        }
    };
    let files = config.schemas_extra.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let schemas = Schemas::with_extras(files.into_iter()).map_err(|error| {
        let remedy = "a schema is taken for the record whose name it bears, and must resolve to it";
        ConfigError::new("schemas.extra", error.to_string(), remedy)
    })?;
    Ok(match config.registry.urls[..] {
        [] => schemas,
        _ => schemas.with_registry(Box::new(HttpRegistry::new(&config.registry))),
    })
}
