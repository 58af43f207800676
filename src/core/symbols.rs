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

        impl $crate::core::saved::Saved for $name {
            fn save(&self, out: &mut Vec<u8>) {
                out.push(self.index() as u8);
            }

            fn load(
                from: &mut $crate::core::saved::Loading<'_>,
            ) -> Result<Self, $crate::core::saved::Damaged> {
                $crate::core::saved::load_symbol(from, Self::ALL)
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
