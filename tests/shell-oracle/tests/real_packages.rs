//! exploration
use tests_shell_oracle::*;
#[test]
fn explore() {
    let store = std::env::var("STORE").unwrap();
    let texts = texts::below(std::path::Path::new(&store));
    let results = tests_packages::in_parallel(&texts, |text| compare(&text.bytes).unwrap());
    let (mut scripts, mut bodies, mut commands, mut not, mut refused, mut both, mut lenient) =
        (0, 0, 0, 0, 0, 0, 0);
    for (text, o) in texts.iter().zip(&results) {
        if text.is_body {
            bodies += 1
        } else {
            scripts += 1
        }
        commands += o.commands;
        let name = text
            .path
            .strip_prefix(&store)
            .unwrap()
            .display()
            .to_string();
        let name = &name[33..];
        if o.accepted && !o.understood {
            not += 1;
            println!(
                "NOT {name} {}",
                if text.is_body {
                    String::from_utf8_lossy(&text.bytes).into_owned()
                } else {
                    String::new()
                }
            );
        }
        if o.understood && !o.accepted {
            lenient += 1;
            println!("LENIENT {name}");
        }
        if !o.parsed && o.accepted {
            refused += 1;
            println!("REFUSED {name}");
        }
        if o.parsed && o.understood {
            both += 1;
        }
        for d in &o.differences {
            let (who, (at, n)) = match d {
                Difference::Ours(n) => ("OURS", n),
                Difference::Theirs(n) => ("THEIRS", n),
            };
            let line = text.bytes[..*at].iter().filter(|b| **b == b'\n').count() + 1;
            let s = text.bytes[..*at]
                .iter()
                .rposition(|b| *b == b'\n')
                .map_or(0, |x| x + 1);
            let e = text.bytes[*at..]
                .iter()
                .position(|b| *b == b'\n')
                .map_or(text.bytes.len(), |x| x + at);
            println!(
                "{who} {name}:{line} {:?} <- {}",
                String::from_utf8_lossy(&n[..n.len().min(60)]),
                String::from_utf8_lossy(&text.bytes[s..e.min(s + 150)])
            );
        }
    }
    println!(
        "TOTAL scripts {scripts} bodies {bodies} commands {commands} not-understood {not} grammar-refuses {refused} compared {both} lenient {lenient}"
    );
}
