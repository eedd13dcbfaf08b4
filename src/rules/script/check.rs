//! Checks the maps that a script returns without running it.

use super::{
    decision::too_late,
    engine::{Now, engine},
    error::ScriptError,
};
use crate::{
    document::Document,
    rules::{misplaced::misplaced_key, then_entry::ThenEntry, validate::effects},
};
use rhai::{AST, ASTFlags, ASTNode, Expr, OptimizationLevel, Position, Stmt};
use serde_json::{Map, Value};

/// Errors in the map literals that the script returns from the functions that return effects. Keys and
/// literal values are checked; values that the script computes are not.
pub(super) fn check(file: &str, text: &str, now: Now) -> Vec<ScriptError> {
    let mut engine = engine(now);
    // The optimizer would replace constant maps, and lose the positions of their keys.
    engine.set_optimization_level(OptimizationLevel::None);
    let Ok(tree) = engine.compile(text) else { return Vec::new() };
    let mut errors = Vec::new();
    for (name, statements) in bodies(&tree) {
        let mut maps = Vec::new();
        returned(&statements, true, &mut maps);
        for map in maps {
            errors.extend(faults(file, name, map));
        }
    }
    errors
}

/// The statements of each function that returns effects.
fn bodies(tree: &AST) -> Vec<(&'static str, Vec<Stmt>)> {
    let place = |at: Position| (at.line(), at.position());
    let mut bodies = Vec::new();
    for name in ["on_request", "on_manifest", "on_response"] {
        let Some(function) = tree.iter_fn_def().find(|function| function.name == name) else {
            continue;
        };
        let span = place(function.body.start_position())..=place(function.body.end_position());
        let mut statements = Vec::new();
        // The library does not export the type of a body, so find its statements by position.
        tree.walk(&mut |path: &[ASTNode<'_>]| {
            if let [ASTNode::Stmt(statement)] = path
                && span.contains(&place(statement.position()))
            {
                statements.push((*statement).clone());
            }
            true
        });
        bodies.push((name, statements));
    }
    bodies
}

/// Collects the map literals that `statements` return; the value of the last one is returned too if
/// `tail` is set.
fn returned<'t>(statements: &'t [Stmt], tail: bool, maps: &mut Vec<&'t Expr>) {
    let last = statements.len().saturating_sub(1);
    for (place, statement) in statements.iter().enumerate() {
        let tail = tail && place == last;
        match statement {
            // The flag marks a `throw`.
            Stmt::Return(Some(value), flags, _) if !flags.contains(ASTFlags::BREAK) => {
                value_of(value, true, maps);
            }
            Stmt::Expr(value) => value_of(value, tail, maps),
            Stmt::If(flow, _) | Stmt::TryCatch(flow, _) => {
                returned(flow.body.statements(), tail, maps);
                returned(flow.branch.statements(), tail, maps);
            }
            Stmt::While(flow, _) | Stmt::Do(flow, ..) => {
                returned(flow.body.statements(), false, maps);
            }
            Stmt::For(parts, _) => returned(parts.2.body.statements(), false, maps),
            Stmt::Block(block) => returned(block.statements(), tail, maps),
            Stmt::Switch(parts, _) => {
                parts.1.expressions.iter().for_each(|case| value_of(&case.rhs, tail, maps));
            }
            _ => {}
        }
    }
}

fn value_of<'t>(value: &'t Expr, tail: bool, maps: &mut Vec<&'t Expr>) {
    match value {
        Expr::Map(..) if tail => maps.push(value),
        Expr::Stmt(block) => returned(block.statements(), tail, maps),
        _ => {}
    }
}

/// The errors of one map literal.
fn faults(file: &str, function: &str, map: &Expr) -> Vec<ScriptError> {
    let mut literal = Literal { positions: Vec::new(), is_constant: true };
    let Some(Value::Object(mut then)) = literal.json(map, "") else { return Vec::new() };
    then.remove("name");
    if then.is_empty() {
        return Vec::new();
    }
    let is_constant = literal.is_constant;
    let read = Document::json(function, Value::Object(then)).with_key_hint(misplaced_key).read(
        |then: ThenEntry, scope| {
            if function == "on_response" {
                too_late(&then, scope);
            }
            // Without the computed values, required keys would seem to be missing.
            if is_constant {
                effects(&then, scope);
            }
            Some(())
        },
    );
    let Err(faults) = read else { return Vec::new() };
    let error = |fault: &crate::document::Diagnostic| {
        let key = if fault.key.is_empty() { String::new() } else { format!("{}: ", fault.key) };
        let problem =
            format!("{function} returns an invalid map: {key}{}; {}", fault.problem, fault.hint);
        ScriptError::at(file, literal.position(&fault.pointer), problem)
    };
    // A computed value stands in the JSON as null.
    faults.as_slice().iter().filter(|fault| fault.problem != "is null").map(error).collect()
}

/// What is known about a literal.
struct Literal {
    /// The position of each value, by its JSON pointer.
    positions: Vec<(String, Position)>,
    /// Whether it has no computed values.
    is_constant: bool,
}

impl Literal {
    /// The value as JSON, without its computed parts.
    fn json(&mut self, value: &Expr, pointer: &str) -> Option<Value> {
        if pointer.is_empty() {
            self.positions.push((String::new(), value.position()));
        }
        Some(match value {
            Expr::BoolConstant(truth, _) => (*truth).into(),
            Expr::IntegerConstant(number, _) => (*number).into(),
            Expr::FloatConstant(number, _) => (**number).into(),
            Expr::CharConstant(letter, _) => letter.to_string().into(),
            Expr::StringConstant(text, _) => text.as_str().into(),
            Expr::Array(items, _) => {
                let items = items.iter().enumerate();
                Value::Array(
                    items
                        .filter_map(|(place, item)| {
                            let pointer = format!("{pointer}/{place}");
                            self.positions.push((pointer.clone(), item.position()));
                            self.json(item, &pointer)
                        })
                        .collect(),
                )
            }
            Expr::Map(parts, _) => {
                let mut map = Map::new();
                for (key, item) in &parts.0 {
                    let name = key.name.replace('~', "~0").replace('/', "~1");
                    let pointer = format!("{pointer}/{name}");
                    self.positions.push((pointer.clone(), key.pos));
                    match self.json(item, &pointer) {
                        Some(item) => map.insert(key.name.to_string(), item),
                        // Keeps the key, so that an unknown one is found.
                        None => map.insert(key.name.to_string(), Value::Null),
                    };
                }
                Value::Object(map)
            }
            _ => {
                self.is_constant = false;
                return None;
            }
        })
    }

    /// The position of the value at `pointer`, or of the nearest map or array around it.
    fn position(&self, pointer: &str) -> Position {
        let around = self.positions.iter().filter(|(known, _)| {
            pointer
                .strip_prefix(known.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        });
        around.max_by_key(|(known, _)| known.len()).map_or(Position::NONE, |(_, at)| *at)
    }
}
