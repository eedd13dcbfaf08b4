//! The `vsps` program: parse, dispatch, print the error once, exit.

fn main() {}
