use super::super::Written;
use super::*;

/// The verdict about the path `/etc/x` where it stands first, and what else is written.
fn of(script: &str) -> (Verdict, Vec<String>) {
    let found = mentions(script.as_bytes());
    let of_x = found
        .list
        .iter()
        .find(|mention| mention.path().path == b"/etc/x");
    let Some(of_x) = of_x else {
        panic!("{script}: {found:?}");
    };
    let written = found.also_written.iter();
    let written = written.map(|written| String::from_utf8_lossy(&written.path.path).into_owned());
    (of_x.verdict, written.collect())
}

fn check(table: &[(&str, Verdict)]) {
    for (script, expected) in table {
        assert_eq!(of(script).0, *expected, "{script}");
    }
}

use Verdict::{Given, Named, Optional, Read, Shown, Unknown, Watched};

#[test]
fn commands_and_redirections() {
    check(&[
        ("cat /etc/x", Read),
        ("[ -w /etc/x ]", Unknown),
        ("[ -r /etc/x ]", Read),
        ("hello --config=/etc/x", Given),
        ("b < /etc/x", Read),
        ("echo a > /etc/x", Verdict::Written),
        ("echo a >| /etc/x", Verdict::Written),
        ("echo a 2>> /etc/x", Verdict::Written),
        ("b <> /etc/x", Verdict::Written),
        ("exec 3> /etc/x", Verdict::Written),
        ("echo x | tee /etc/x >/dev/null", Verdict::Written),
        ("cp /tmp/x /etc/x", Verdict::Written),
        ("cp /etc/x /tmp/x", Read),
        ("install -m 600 /dev/null /etc/x", Verdict::Written),
        ("mv /etc/x /tmp/x", Verdict::Written),
        ("ln -sf /run/x /etc/x", Verdict::Written),
        ("ln -sf /etc/x /run/x", Unknown),
        ("chmod 600 /etc/x", Verdict::Written),
        ("rm -f /etc/x", Verdict::Written),
        ("dd if=/dev/zero of=/etc/x", Verdict::Written),
        ("sed -i s/a/b/ /etc/x", Verdict::Written),
        ("sed -n p /etc/x", Read),
        ("sed 's,@A@,/etc/x,'", Named),
        ("sed -n 's/a/b/gw /etc/x' y", Verdict::Written),
        ("awk '{ print > \"/etc/x\" }' y", Verdict::Written),
        ("sed 's,/etc/x,y,w /etc/z' y", Named),
        ("awk '{ if ($1 == \"/etc/x\") print }' y", Named),
        ("python3 -c \"open('/etc/x', 'w')\"", Verdict::Written),
        ("python3 -c \"open('/etc/x')\"", Named),
        ("perl -e 'open(F, \">/etc/x\")'", Verdict::Written),
        ("mkdir -p /etc/x", Named),
        ("sudo -n tee -a /etc/x", Verdict::Written),
        (
            "if ! command chown a:b /etc/x; then c; fi",
            Verdict::Written,
        ),
        ("$EDITOR /etc/x", Verdict::Written),
        ("\"${EDITOR:-vi}\" /etc/x", Verdict::Written),
        ("S='sed -i'; $S s/a/b/ /etc/x", Verdict::Written),
        ("$SUDO rm /etc/x", Verdict::Written),
        ("rm -rf /etc/x/*", Verdict::Written),
        ("cat > \"/etc/x/$1.conf\"", Verdict::Written),
        ("rsync /tmp/x host:/etc/x", Unknown),
        ("crudini --set /etc/x a b c", Verdict::Written),
        ("inotifywait /etc/x", Watched),
        ("case $a in /etc/x) ;; esac", Named),
        (". /etc/x a", Read),
        ("cat /etc/x 'a", Unknown),
    ]);
}

#[test]
fn variables() {
    check(&[
        ("A=/etc/x; cat $A", Read),
        ("A=\"-c /etc/x\"; b $A", Given),
        ("A=${A:-/etc/x}; b $A", Given),
        ("A=/etc/x; echo a > \"$A\"", Verdict::Written),
        (": \"${A:=/etc/x}\"; sed -i p $A", Verdict::Written),
        ("A=${A:-/etc/x}; B=$A; mv a \"$B\"", Verdict::Written),
        ("mv a \"${A:-/etc/x}\"", Verdict::Written),
        ("A=${1:-/etc/x}; : > $A", Verdict::Written),
        ("export A=/etc/x; rm $A", Verdict::Written),
        ("f() { local A=/etc/x; rm $A; }", Verdict::Written),
        (
            "for a in /etc/x /etc/y; do chmod 600 $a; done",
            Verdict::Written,
        ),
        ("A=(/etc/x /etc/y); chown a \"${A[@]}\"", Verdict::Written),
        ("A=/etc/x; dd of=$A", Verdict::Written),
        ("A=/etc/x; sh -c \"echo a > $A\"", Verdict::Written),
        ("f() { b > \"$1\"; }; f /etc/x", Unknown),
        ("f() { b > \"$1\"; }; A=/etc/x; f \"$A\"", Unknown),
        ("A=/etc/x; [ -f $A ] && cat $A", Read),
        ("A=/etc/x", Unknown),
        ("export A=/etc/x; cat $A", Unknown),
        ("A=/etc/x; export A; cat $A", Unknown),
        ("A=/etc/x; cat $A; b ${A%x}", Unknown),
        ("A=/etc/x; cat $A; echo ${A##*/} > b", Read),
        ("A=/etc/x; cat $A; cat <<E > b\n$A\nE", Unknown),
        ("A=/etc/x b", Given),
        ("env A=/etc/x b", Given),
        ("A=/etc/x; echo \"Usage: $A start\" >&2", Shown),
        ("A=/etc/x; cat $A/$1", Read),
        ("A=/etc/x; . $A/b", Read),
        ("A=/etc/x; cat $A/b; c $A/d", Given),
        ("A=/etc/x; start_daemon -p /run/b b -c $A", Given),
        ("A=/etc/x; case $A in x) ;; esac; cat $A", Read),
        ("B=/usr/bin/b; $B -c /etc/x", Given),
        ("$B -c /etc/x", Unknown),
        ("$B/b -c /etc/x", Given),
        ("B='cat -n'; $B /etc/x", Read),
        ("for a in /etc/x; do cat $a; done", Read),
        ("for a in /etc/x; do c; done", Unknown),
    ]);
    assert_eq!(of("A=/etc/x; b > $A/c.conf").1, ["/etc/x/c.conf"]);
    assert_eq!(of("A=/etc/x; rm -rf \"$A\"/*").1, ["/etc/x"]);
    let augeas = mentions(b"augtool 'set /files/etc/x/1/a b'").also_written;
    assert_eq!(augeas[0].path.path, b"/etc/x/1/a");
    assert_eq!(of("A=/etc/x; mv $A.new $A").1, ["/etc/x.new", "/etc/x"]);
}

#[test]
fn scripts_in_scripts() {
    check(&[
        ("sh -c 'echo a > /etc/x'", Verdict::Written),
        ("su x -c 'cat /etc/x'", Read),
        ("eval \"rm /etc/x\"", Verdict::Written),
        ("trap 'rm -f /etc/x' EXIT", Verdict::Written),
        ("sh -c 'echo \"broken > /etc/x'", Unknown),
    ]);
}

#[test]
fn texts_for_people() {
    check(&[
        ("echo \"set RUN to 'yes' in /etc/x to enable it\"", Shown),
        ("echo Edit /etc/x first >&2", Shown),
        ("printf 'See %s\\n' /etc/x", Shown),
        ("[ -f /etc/y ] || die \"cannot find /etc/x\"", Shown),
        ("logger -t a \"reading /etc/x\" | b", Shown),
        ("log_daemon_msg /etc/x", Shown),
        ("echo /etc/x", Named),
        ("echo /etc/x | xargs rm", Named),
        ("echo \"include the file /etc/x\" > /run/y", Named),
        ("A=$(echo \"the file /etc/x\")", Named),
        ("echo \"the file /etc/x\" | b", Named),
        ("{ echo \"the file /etc/x\"; } > /run/y", Named),
        ("f() { echo \"the file /etc/x\"; }; f > /run/y", Named),
        (
            "f() { echo \"the file /etc/x\"; }; g() { f; }; A=$(g)",
            Named,
        ),
        ("f() { echo \"the file /etc/x\"; }; f", Shown),
        ("cat <<E\nUsage: /etc/x\nE\n", Shown),
        ("cat >&2 <<E\nUsage: /etc/x\nE\n", Shown),
        ("cat <<E >/run/y\n/etc/x\nE\n", Named),
        ("cat <<E | b\n/etc/x\nE\n", Named),
        ("cat - /a <<E\n/etc/x\nE\n", Named),
        ("b <<E\n/etc/x\nE\n", Named),
        ("f() { cat <<E\n/etc/x\nE\n}; f > /run/y", Named),
        ("USAGE=\"edit the file /etc/x\"", Named),
    ]);
    assert!(mentions(b"# /etc/x\na # /etc/x").list.is_empty());
}

#[test]
fn what_is_sourced() {
    let found = mentions(b". /etc/x").list;
    assert_eq!(found[0].reader, Reader::Shell(Span::new(0, 8)));
    let found = mentions(b". /etc/x a").list;
    assert_eq!(found[0].reader, Reader::Other);
}

#[test]
fn what_may_be_missing() {
    check(&[
        (". /etc/x", Read),
        ("[ -r /etc/x ] && . /etc/x", Optional),
        ("if [ -f /etc/x ]; then\n  . /etc/x\nfi", Optional),
        ("[[ -e /etc/x ]] && source /etc/x", Optional),
        ("test -s /etc/x && . /etc/x", Optional),
        ("A=/etc/x; [ -f $A ] && . $A", Optional),
        (". /etc/x 2>/dev/null", Optional),
        ("[ -d /etc/y ] && . /etc/x", Read),
        ("[ -r /etc/x ] && cat /etc/x", Read),
    ]);
}

#[test]
fn the_programs_that_get_a_path() {
    for (script, expected) in [
        ("/usr/sbin/b -c /etc/x", &["/usr/sbin/b"][..]),
        ("exec nice -n 5 b /etc/x", &["b"]),
        ("B=/bin/b; B=/bin/c; $B /etc/x", &["/bin/b", "/bin/c"]),
        ("A=/etc/x; b $A; c $A", &["b", "c"]),
        ("\"$(dirname $0)/b\" /etc/x", &["b"]),
        ("python3 /usr/share/b/c.py /etc/x", &["/usr/share/b/c.py"]),
    ] {
        let found = mentions(script.as_bytes()).list;
        let is_x = |mention: &&Mention| mention.path().path == b"/etc/x";
        let of_x = found.iter().find(is_x).map(|mention| &mention.programs);
        let expected: Vec<Vec<u8>> = expected
            .iter()
            .map(|name| name.as_bytes().to_vec())
            .collect();
        assert_eq!(of_x, Some(&expected), "{script}");
    }
}

#[test]
fn the_directory_of_a_service() {
    let found = mentions(b"b > \"$CONFIGURATION_DIRECTORY/c/d\"").also_written;
    let directories = [b"x".to_vec(), b"y/z".to_vec()];
    let each = found[0].clone().in_configuration_directories(&directories);
    let paths: Vec<_> = each.into_iter().map(|written| written.path.path).collect();
    assert_eq!(paths, [&b"/etc/x/c/d"[..], b"/etc/y/z/c/d"]);
    assert!(mentions(b"b > \"$1\"").writes_parameters);
    assert!(!mentions(b"b > /run/x").writes_parameters);
}

#[test]
fn what_lies_below() {
    for (script, below) in [
        ("chown -R a /etc/x", true),
        ("rm -rf /etc/x/*", true),
        ("rm -f /etc/x/*.conf", false),
        ("find /etc/x -delete", true),
        ("cp a /etc/x/", false),
        ("tar -C /etc/x -xf a", false),
        ("echo a > /etc/x/$1", false),
        ("A=/etc/x; rm -rf $A", true),
        ("A=/etc/x; rm -f $A/$1", false),
    ] {
        let found: Vec<_> = mentions(script.as_bytes()).written().collect();
        let is_x = |written: &Written| written.path.path == b"/etc/x";
        assert!(found.iter().any(is_x), "{script}");
        assert_eq!(found.iter().any(|written| written.below), below, "{script}");
    }
}

#[test]
fn an_empty_beginning_is_not_all_that_a_variable_can_be() {
    assert!(mentions(b"R=; R=$1; a > $R/etc/x").also_written.is_empty());
    assert_eq!(mentions(b"R=; a > $R/etc/x").also_written.len(), 1);
}

#[test]
fn hostile_scripts_take_no_time() {
    let many = |text: &str, count: usize| text.repeat(count);
    for script in [
        many("cat /etc/x&&", 50_000) + "a",
        many("echo \"the file /etc/x\" | a\n", 20_000),
        format!("A=/etc/x\na > {}", many("$A", 50_000)),
        many("A=/etc/x$A\nb > $A\n", 10_000),
        format!("cat {} /etc/x\n", many("<<E ", 20_000)) + &many("E\n", 20_000),
        many("f() { echo a /etc/x; f; }; b=$(f)\n", 10_000),
        format!(
            "{}cat /etc/x{}",
            many("f() { ", 10_000),
            many("; }", 10_000)
        ),
        format!(
            "echo {}/etc/x{}",
            many("$(echo ", 20_000),
            many(")", 20_000)
        ),
        many("eval 'eval \"cat /etc/x\"'\n", 10_000),
    ] {
        let found = mentions(script.as_bytes());
        assert!(!found.list.is_empty());
    }
}
