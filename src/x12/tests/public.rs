//! The rule of ADR 0077, kept: each public item of the room has words, and stands in an example
//! that runs, in the file where it is declared (of a folder's `mod.rs`: in the folder).
//!
//! `cargo test --doc` runs the examples; this test sees to it that there are any. It reads the
//! sources as they are formatted here: items start a line, methods are indented once.

use std::collections::BTreeMap;
use std::path::Path;

/// Sources by their path below `src/x12`.
type Sources = BTreeMap<String, String>;

/// One thing that can be reached from outside.
#[derive(Debug, PartialEq, Eq)]
struct Item {
    /// The type, of methods.
    of: Option<String>,
    name: String,
    /// Whether it takes a `self`.
    on_self: bool,
    told: bool,
}

/// The first word, such as a name.
fn word(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// What a declaration declares, without its visibility.
fn declared(line: &str) -> Option<String> {
    let mut rest = line.strip_prefix("pub ")?;
    let kinds =
        ["struct ", "enum ", "trait ", "type ", "static ", "union ", "macro_rules! ", "fn "];
    for ahead in ["const fn ", "unsafe fn ", "async fn "] {
        if let Some(name) = rest.strip_prefix(ahead) {
            return Some(word(name));
        }
    }
    rest = rest.strip_prefix("const ").map_or(rest, |name| name);
    let kind = kinds.iter().find_map(|kind| rest.strip_prefix(kind));
    let constant = line.starts_with("pub const ").then_some(rest);
    kind.or(constant).map(word)
}

/// The public items of a file: `names` of them, or all.
fn items(text: &str, names: Option<&[String]>) -> Vec<Item> {
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let wanted = |name: &String| names.is_none_or(|names| names.contains(name));
    let (mut found, mut told) = (Vec::new(), false);
    let (mut of, mut list) = (None, false);
    let mut lines = code.lines().peekable();
    while let Some(line) = lines.next() {
        let bare = line.trim_start();
        let indent = line.len() - bare.len();
        if bare.starts_with("///") {
            told = true;
            continue;
        } else if bare.starts_with("#[") {
            continue;
        }
        match (indent, bare) {
            (0, "code_list!(") => list = true,
            (0, "}" | ");") => (of, list) = (None, false),
            (0, _) if bare.starts_with("impl") => of = implemented(bare),
            (0, _) => {
                if let Some(name) = declared(bare).filter(wanted) {
                    found.push(Item { of: None, name, on_self: false, told });
                }
            }
            (4, _) if list && bare.contains(", \"") && bare.ends_with('{') => {
                let name = word(bare);
                if wanted(&name) {
                    found.push(Item { of: None, name, on_self: false, told });
                }
            }
            (4, _) if of.is_some() => {
                // A long signature has its `self` on the next line.
                let next = lines.peek().filter(|_| bare.ends_with('('));
                let on_self = bare.contains("self") || next.is_some_and(|l| l.contains("self"));
                if let Some(name) = declared(bare) {
                    found.push(Item { of: of.clone(), name, on_self, told });
                }
            }
            _ => {}
        }
        told = false;
    }
    // Methods count where their type does.
    let types: Vec<String> = found.iter().map(|item| item.name.clone()).collect();
    found.retain(|item| item.of.as_ref().is_none_or(|of| types.contains(of)));
    found
}

/// The type of `impl<…> Type<…> {`; none for an implementation of a trait.
fn implemented(line: &str) -> Option<String> {
    let rest = line.strip_prefix("impl")?;
    let rest = match rest.strip_prefix('<') {
        Some(generic) => generic.split_once("> ")?.1,
        None => rest.trim_start(),
    };
    (!line.contains(" for ")).then(|| word(rest))
}

/// The code of all examples in the docs of a file that are compiled and run.
fn examples(text: &str) -> String {
    let (mut code, mut open) = (String::new(), None);
    for line in text.lines().map(str::trim_start) {
        let doc = line.strip_prefix("///").or_else(|| line.strip_prefix("//!"));
        match (doc.map(str::trim), open) {
            (Some(fence), None) if fence.starts_with("```") => open = Some(fence == "```"),
            (Some("```"), Some(_)) => open = None,
            (Some(line), Some(true)) => code.extend([line, "\n"]),
            _ => {}
        }
    }
    code
}

/// Whether a word stands in the code, with `before` and `after` around it.
fn stands(code: &str, before: &str, name: &str, after: &str) -> bool {
    let wanted = format!("{before}{name}{after}");
    let joined = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(&wanted).any(|(at, _)| {
        let starts = !before.is_empty() || !code[..at].ends_with(joined);
        starts && (!after.is_empty() || !code[at + wanted.len()..].starts_with(joined))
    })
}

fn is_shown(item: &Item, code: &str) -> bool {
    let Item { of, name, on_self, .. } = item;
    match of {
        None => stands(code, "", name, ""),
        Some(of) => {
            stands(code, &format!("{of}::"), name, "(")
                || (*on_self && stands(code, ".", name, "("))
        }
    }
}

/// The modules that a file declares, public or not, and what it passes on of each.
fn modules(text: &str) -> Vec<(String, bool, Vec<String>)> {
    let mut found: Vec<(String, bool, Vec<String>)> = Vec::new();
    for line in text.lines().filter(|line| line.ends_with(';')) {
        for (ahead, public) in [("pub mod ", true), ("pub(crate) mod ", false), ("mod ", false)] {
            if let Some(name) = line.strip_prefix(ahead) {
                found.push((word(name), public, Vec::new()));
            }
        }
    }
    for passed in text.split("\npub use ").skip(1) {
        let (path, names) = passed.split(';').next().unwrap().split_once("::").unwrap();
        let names = names.split(|c: char| !(c.is_alphanumeric() || c == '_'));
        let names = names.filter(|name| !name.is_empty()).map(str::to_owned);
        if let Some(module) = found.iter_mut().find(|module| module.0 == path) {
            module.2.extend(names);
        }
    }
    found
}

/// All public items from a file on down, and what is wrong with them.
fn walk(
    sources: &Sources,
    file: &str,
    names: Option<&[String]>,
    faults: &mut Vec<String>,
) -> usize {
    let text = &sources[file];
    let folder = file.strip_suffix("mod.rs");
    let of_folder = |name: &&String| folder.is_some_and(|folder| name.starts_with(folder));
    let mut code = examples(text);
    code.extend(sources.keys().filter(of_folder).map(|name| examples(&sources[name])));
    let found = items(text, names);
    for item in &found {
        let of = item.of.as_ref().map(|of| format!("{of}::")).unwrap_or_default();
        if !item.told {
            faults.push(format!("{file}: {of}{} has no words", item.name));
        }
        if !is_shown(item, &code) {
            faults.push(format!("{file}: {of}{} stands in no example", item.name));
        }
    }
    for name in names.into_iter().flatten().filter(|name| !found.iter().any(|i| i.name == **name)) {
        faults.push(format!("{file} has no {name}, which is passed on"));
    }
    let below = folder.map_or_else(Vec::new, |_| modules(text));
    let mut count = found.len();
    for (module, public, passed) in below {
        let stem = format!("{}{module}", folder.unwrap_or_default());
        let flat = format!("{stem}.rs");
        let file = if sources.contains_key(&flat) { flat } else { format!("{stem}/mod.rs") };
        if public {
            if !sources[&file].starts_with("//!") {
                faults.push(format!("{file} does not say what it is"));
            }
            count += walk(sources, &file, None, faults);
        } else if !passed.is_empty() {
            count += passed_on(sources, &file, &passed, faults);
        }
    }
    count
}

/// What a private module passes on, its own or what it has itself from below.
fn passed_on(sources: &Sources, file: &str, names: &[String], faults: &mut Vec<String>) -> usize {
    let own = |name: &&String| {
        items(&sources[file], Some(&[(*name).clone()])).iter().any(|item| item.of.is_none())
    };
    let (mine, others): (Vec<&String>, Vec<&String>) = names.iter().partition(own);
    let mine: Vec<String> = mine.into_iter().cloned().collect();
    let mut count = 0;
    let mut bare = sources.clone();
    // Its modules are looked at here, with the names that go all the way out.
    let declared = modules(&sources[file]);
    bare.insert(file.to_owned(), without_modules(&sources[file]));
    count += walk(&bare, file, Some(&mine), faults);
    let folder = file.strip_suffix("mod.rs").unwrap_or_default();
    for name in others {
        match declared.iter().find(|module| module.2.contains(name)) {
            Some((module, ..)) => {
                let below = format!("{folder}{module}.rs");
                count += walk(sources, &below, Some(std::slice::from_ref(name)), faults);
            }
            None => faults.push(format!("{file} has no {name}, which is passed on")),
        }
    }
    count
}

fn without_modules(text: &str) -> String {
    let is_module = |line: &str| line.ends_with(';') && line.contains("mod ");
    text.lines().filter(|line| !is_module(line)).flat_map(|line| [line, "\n"]).collect()
}

fn read(folder: &Path, below: &str, sources: &mut Sources) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("{below}{}", path.file_name().unwrap().to_str().unwrap());
        if path.is_dir() {
            read(&path, &format!("{name}/"), sources);
        } else if !name.starts_with("tests/") {
            sources.insert(name, std::fs::read_to_string(path).unwrap());
        }
    }
}

#[test]
fn every_public_item_has_words_and_a_running_example() {
    let mut sources = Sources::new();
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/x12"), "", &mut sources);
    let mut faults = Vec::new();
    let count = walk(&sources, "mod.rs", None, &mut faults);
    assert!(faults.is_empty(), "{count} items: {faults:#?}");
    assert!(count >= 100, "only {count} items were found");
}

#[test]
fn what_has_neither_is_found() {
    let tree = [
        ("mod.rs", "//! Head.\npub mod a;\nmod b;\npub use b::{Shown, hidden};\n"),
        (
            "a.rs",
            "//! Head.\n//! ```\n//! Good::new().go();\n//! ```\n\n/// Words.\npub struct Good;\n\
             impl Good {\n    /// Words.\n    pub fn new() -> Self {\n    }\n    /// Words.\n    \
             pub fn go(&self) {\n    }\n    /// Words.\n    pub fn stay(&self) {\n    }\n}\n\
             pub const SILENT: u8 = 1;\n",
        ),
        (
            "b.rs",
            "//! Head.\n/// Words.\n///\n/// ```no_run\n/// hidden();\n/// ```\npub fn hidden() {\n}\n\
             /// ```\n/// let shown: Shown;\n/// ```\n#[derive(Debug)]\npub struct Shown;\n\
             pub struct Within;\n",
        ),
    ];
    let sources = tree.map(|(name, text)| (name.to_owned(), text.to_owned())).into();
    let mut faults = Vec::new();
    assert_eq!(walk(&sources, "mod.rs", None, &mut faults), 7);
    assert_eq!(
        faults,
        [
            "a.rs: Good::stay stands in no example",
            "a.rs: SILENT has no words",
            "a.rs: SILENT stands in no example",
            "b.rs: hidden stands in no example",
        ]
    );
}
