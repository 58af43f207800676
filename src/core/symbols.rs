//! Enumerations that have a name on the wire.
//!
//! The order of declaration is the order of the symbols in the Avro schema, and a new symbol needs
//! a new schema version: append, never insert.

/// Declares an enum whose variants carry their wire name, in schema order.
macro_rules! symbols {
    ($(#[$outer:meta])* pub enum $name:ident { $($(#[$inner:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$outer])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $($(#[$inner])* $variant,)+ }

        impl $name {
            /// Every symbol, in schema order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The symbol as it stands in records and commands.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// The symbol of that name, if there is one.
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)+ _ => None }
            }

            /// The position in the Avro enum.
            pub const fn index(self) -> usize {
                self as usize
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.pad(self.name())
            }
        }
    };
}
pub(crate) use symbols;
