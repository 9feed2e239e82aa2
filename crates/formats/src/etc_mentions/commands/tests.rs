use super::Done::{
    Changed, Compared, Given, Ignored, Made, Program, Read, Unknown, Watched, Written,
};
use super::*;
use crate::mapped_text::Span;

/// What is done with the words that hold a slash.
fn done(line: &str) -> Vec<Done> {
    let text = |word: &str| MappedText::of_file(word.as_bytes(), Span::new(0, word.len()));
    let words: Vec<MappedText> = line.split(' ').map(text).collect();
    let found = operands(&words).into_iter().zip(&words).skip(1);
    let named = found.filter(|(_, word)| word.bytes().contains(&b'/'));
    named.map(|(operand, _)| operand.done).collect()
}

#[test]
fn by_the_manuals() {
    for (line, expected) in [
        ("cp /a /b", &[Read, Written][..]),
        ("cp -t /b /a", &[Written, Read]),
        ("cp --target-directory=/b /a", &[Written, Read]),
        ("cp -at /b /a /c", &[Written, Read, Read]),
        ("mv /a /b", &[Written, Written]),
        ("install -m 600 /a /b", &[Read, Written]),
        ("install -D -t /b /a", &[Written, Read]),
        ("install -d -m 755 /a /b", &[Made, Made]),
        ("ln -s /a /b", &[Unknown, Written]),
        ("ln -s /a", &[Unknown]),
        ("tee -a /a", &[Written]),
        ("chown --reference=/a x /b", &[Read, Changed]),
        ("chmod -R u+w /a", &[Changed]),
        ("setfacl -m u:x:r /a", &[Changed]),
        ("setfacl -M /a /b", &[Read, Changed]),
        ("rm -rf -- /a", &[Changed]),
        ("mkdir -p /a", &[Made]),
        ("truncate -s 0 /a", &[Written]),
        ("touch -r /a /b", &[Read, Written]),
        ("dd if=/a of=/b", &[Read, Written]),
        ("sed -i s/a/b/ /c", &[Program, Written]),
        ("sed -i.bak -e s/a/b/ /c", &[Program, Written]),
        ("sed -Ei s/a/b/ /c", &[Program, Written]),
        ("sed --in-place=.x s/a/b/ /c", &[Program, Written]),
        ("sed -ne s/a/b/ /c", &[Program, Read]),
        ("sed s/a/b/ /c", &[Program, Read]),
        ("perl -pi -e s/a/b/ /c", &[Program, Written]),
        ("perl -i.bak -pe s/a/b/ /c", &[Program, Written]),
        ("perl -ne s/a/b/ /c", &[Program, Read]),
        ("perl /a /b", &[Read, Given(1)]),
        ("awk -F: /a/ /b", &[Program, Read]),
        ("gawk -i inplace /a/ /b", &[Program, Written]),
        ("grep -q -e a/b /c", &[Program, Read]),
        ("patch -p1 /a /b", &[Written, Read]),
        ("patch -d /a -i /b", &[Written, Read]),
        ("rsync -a /a /b", &[Read, Written]),
        ("env A=b hello -c /a", &[Given(2)]),
        ("hello --config=/a --log-file=/b", &[Given(0), Unknown]),
        ("hello -o /a /b", &[Unknown, Given(0)]),
        ("sh /a -c /b", &[Read, Given(1)]),
        ("sudo python3 -u /a --config /b", &[Read, Given(3)]),
        ("python3 -m hello /a", &[Unknown]),
        (
            "start-stop-daemon --start --exec /a -- -c /b",
            &[Unknown, Given(3)],
        ),
        ("[ -r /a ]", &[Read]),
        ("[ -w /a ]", &[Unknown]),
        ("test $x = /a", &[Compared]),
        ("test /a -nt /b", &[Read, Read]),
        ("cp -s /a /b", &[Unknown, Written]),
        ("link /a /b", &[Unknown, Written]),
        ("gpg -e /a", &[Unknown]),
        ("jq -r .a/b /c", &[Program, Read]),
        ("sed -f /a /b", &[Read, Read]),
        ("xmllint --noout --output /a /b", &[Written, Read]),
        ("xrdb -merge /a", &[Read]),
        ("xrdb -edit /a", &[Written]),
        ("uniq /a /b", &[Read, Written]),
        ("mysql --defaults-file=/a", &[Read]),
        ("sysctl -p /a", &[Read]),
        ("iptables-restore /a", &[Read]),
        ("openssl x509 -in /a -noout", &[Read]),
        (": /a", &[Ignored]),
        ("crudini --set /a b c d", &[Written]),
        ("crudini --get /a b", &[Read]),
        ("augtool set /files/etc/a/b c", &[Written]),
        ("augtool get /files/etc/a/b", &[Unknown]),
        (
            "openssl req -config /a -out /b -keyout /c",
            &[Read, Written, Written],
        ),
        ("ssh-keygen -t rsa -f /a", &[Written]),
        ("ssh-keygen -y -f /a", &[Read]),
        ("vi /a", &[Written]),
        ("sudo -u x tee /a", &[Written]),
        ("env A=b nice -n 5 rm /a", &[Changed]),
        ("timeout 5 busybox sed -i p /a", &[Written]),
        ("xargs -n 1 chmod 600 /a", &[Changed]),
        ("find /a -name x/y -delete", &[Changed, Unknown]),
        ("find /a -exec chmod 600 {} +", &[Changed]),
        ("find /a -exec cat {} +", &[Unknown]),
        ("inotifywait -e close_write /a", &[Watched]),
        ("curl -o /a x://b/c", &[Written, Unknown]),
        ("sort -o /a /b", &[Written, Read]),
        ("gzip -dc /a", &[Read]),
        ("hello -c /a", &[Given(0)]),
    ] {
        assert_eq!(done(line), expected, "{line}");
    }
}

#[test]
fn editors() {
    for (name, expected) in [
        ("$EDITOR", true),
        ("${VISUAL:-vi}", true),
        ("$EDITORIAL", false),
        ("EDITOR", false),
    ] {
        assert_eq!(is_editor(name.as_bytes()), expected, "{name}");
    }
}
