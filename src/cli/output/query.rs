//! Evaluates `--query`.

use jmespath::ast::Ast;
use jmespath::{Context, DEFAULT_RUNTIME, Rcvar, Variable, interpret};
use serde_json::Value;

use crate::cli::failure::Failure;

/// A query in `JMESPath`.
#[derive(Debug, Clone)]
pub struct Query {
    text: String,
    ast: Ast,
    /// The names of each `{name: …}` in the query. The library sorts them, but `az` prints columns in this order.
    names: Vec<Vec<String>>,
}

impl Query {
    /// Parses a query.
    ///
    /// # Errors
    /// If it is invalid: why, for people.
    pub fn parse(text: &str) -> Result<Self, String> {
        let ast = jmespath::parse(text).map_err(|error| error.to_string().trim_end().to_owned())?;
        // With arbitrary precision, `serde_json` passes other numbers on as maps, which equal nothing.
        if format!("{ast:?}").contains("$serde_json::private::Number") {
            return Err("the numbers in a query must be integers".to_owned());
        }
        let mut names = Vec::new();
        add_names(&ast, &mut names);
        Ok(Self {
            text: text.to_owned(),
            ast,
            names,
        })
    }

    /// The selected value; null if there is none.
    ///
    /// # Errors
    /// If a function in it gets an argument of the wrong type.
    pub fn search(&self, value: &Value) -> Result<Value, Failure> {
        let mut context = Context::new(&self.text, &DEFAULT_RUNTIME);
        let found = interpret(&variable(value), &self.ast, &mut context);
        let found = found.map_err(|error| Failure::new(format!("--query: {error}").trim_end()))?;
        Ok(self.value(&found))
    }

    fn value(&self, found: &Variable) -> Value {
        match found {
            Variable::Null | Variable::Expref(_) => Value::Null,
            Variable::Bool(is) => Value::Bool(*is),
            Variable::Number(number) => Value::Number(number.clone()),
            Variable::String(text) => Value::String(text.clone()),
            Variable::Array(items) => items.iter().map(|item| self.value(item)).collect(),
            Variable::Object(members) => {
                let is_it = |names: &&Vec<String>| {
                    names.len() == members.len() && names.iter().all(|name| members.contains_key(name))
                };
                let ordered = self.names.iter().find(is_it);
                let names: Vec<&String> =
                    ordered.map_or_else(|| members.keys().collect(), |names| names.iter().collect());
                let member = |name: &String| (name.clone(), self.value(&members[name]));
                Value::Object(names.into_iter().map(member).collect())
            }
        }
    }
}

/// A value for the library. Its own conversion turns numbers of arbitrary precision into maps.
fn variable(value: &Value) -> Rcvar {
    Rcvar::new(match value {
        Value::Null => Variable::Null,
        Value::Bool(is) => Variable::Bool(*is),
        Value::Number(number) => Variable::Number(number.clone()),
        Value::String(text) => Variable::String(text.clone()),
        Value::Array(items) => Variable::Array(items.iter().map(variable).collect()),
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| (name.clone(), variable(value)));
            Variable::Object(members.collect())
        }
    })
}

fn add_names(ast: &Ast, names: &mut Vec<Vec<String>>) {
    match ast {
        Ast::MultiHash { elements, .. } => {
            names.push(elements.iter().map(|element| element.key.clone()).collect());
            for element in elements {
                add_names(&element.value, names);
            }
        }
        Ast::MultiList { elements: parts, .. } | Ast::Function { args: parts, .. } => {
            for part in parts {
                add_names(part, names);
            }
        }
        Ast::Comparison { lhs, rhs, .. }
        | Ast::Condition {
            predicate: lhs,
            then: rhs,
            ..
        }
        | Ast::Projection { lhs, rhs, .. }
        | Ast::And { lhs, rhs, .. }
        | Ast::Or { lhs, rhs, .. }
        | Ast::Subexpr { lhs, rhs, .. } => {
            add_names(lhs, names);
            add_names(rhs, names);
        }
        Ast::Expref { ast: node, .. }
        | Ast::Flatten { node, .. }
        | Ast::Not { node, .. }
        | Ast::ObjectValues { node, .. } => add_names(node, names),
        Ast::Identity { .. } | Ast::Field { .. } | Ast::Index { .. } | Ast::Literal { .. } | Ast::Slice { .. } => (),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(query: &str, value: &Value) -> String {
        Query::parse(query).unwrap().search(value).unwrap().to_string()
    }

    #[test]
    fn numbers_are_compared_and_kept_as_they_are() {
        let value: Value = serde_json::from_str(r#"{"list":[{"n":1},{"n":3}],"long":1.50}"#).unwrap();
        for (query, expected) in [
            ("list[?n > `2`]", r#"[{"n":3}]"#),
            ("sort_by(list, &n)[-1].n", "3"),
            ("length(list)", "2"),
            ("long", "1.50"),
            ("list[?n == to_number('3')].n | [0]", "3"),
        ] {
            assert_eq!(found(query, &value), expected, "{query}");
        }
        assert!(Query::parse("list[?n > `1.5`]").unwrap_err().contains("integers"));
    }

    #[test]
    fn names_stay_in_the_order_of_the_query() {
        let value = json!({ "list": [{ "a": 1, "b": { "y": 2, "x": 3 } }] });
        assert_eq!(
            found("list[].{Z: a, A: b} | [0]", &value),
            r#"{"Z":1,"A":{"x":3,"y":2}}"#
        );
    }

    #[test]
    fn a_query_that_does_not_fit_says_why() {
        assert!(Query::parse("list[").unwrap_err().contains("Parse error"));
        let failure = Query::parse("length(@)").unwrap().search(&json!(1)).unwrap_err();
        assert!(failure.message.starts_with("--query: Runtime error"), "{failure}");
    }
}
