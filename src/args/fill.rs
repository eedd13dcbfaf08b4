//! Joins two sources of options, such as the command line and the configuration file.

/// Takes from `$file` what is not set in `$args`.
macro_rules! fill {
    ($args:expr, $file:expr, $($field:ident),+ $(,)?) => {
        $( $args.$field = $args.$field.take().or($file.$field); )+
    };
}
pub(super) use fill;
