//! How many bytes processes write to files, from what strace says.

use std::collections::HashMap;

/// strace's options: all threads and children, the calls that write, and the files' names.
pub(super) const TRACE: [&str; 7] = [
    "--follow-forks",
    "--quiet=all",
    "--decode-fds=path",
    "--string-limit=0",
    "--signal=none",
    "--seccomp-bpf",
    "--trace=write,pwrite64,writev,pwritev,pwritev2,copy_file_range,sendfile,splice",
];

/// The sum of what calls on files have written; pipes, sockets and terminals do not count.
pub(super) fn bytes_written(log: &[u8]) -> u64 {
    let text = String::from_utf8_lossy(log);
    // Whether the call that a thread is in the middle of writes to a file.
    let mut unfinished: HashMap<&str, bool> = HashMap::new();
    let mut sum = 0;
    for line in text.lines() {
        let Some((thread, call)) = line.trim_start().split_once(' ') else {
            continue;
        };
        let call = call.trim_start();
        let to_file = if call.starts_with("<...") {
            unfinished.remove(thread).unwrap_or(false)
        } else {
            writes_to_a_file(call)
        };
        if call.ends_with("<unfinished ...>") {
            unfinished.insert(thread, to_file);
        } else if to_file {
            let result = call.rsplit_once(" = ").map_or("", |(_, result)| result);
            let number = result.split_whitespace().next().unwrap_or_default();
            sum += number.parse::<u64>().unwrap_or(0);
        }
    }
    sum
}

/// `write(3</tmp/x>, ""..., 5) = 5`, `copy_file_range(3</a>, NULL, 4</b>, NULL, 9, 0) = 9`,
/// `sendfile(4</b>, 3</a>, NULL, 9) = 9`.
fn writes_to_a_file(call: &str) -> bool {
    let Some((name, arguments)) = call.split_once('(') else {
        return false;
    };
    let target = match name {
        "copy_file_range" | "splice" => arguments.split(", ").nth(2),
        _ => arguments.split(", ").next(),
    };
    let path = target.and_then(|target| target.split_once('<'));
    path.is_some_and(|(_, path)| path.starts_with('/') && !path.starts_with("/dev/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_goes_to_files_counts() {
        let log = b"10 write(3</tmp/x>, \"\"..., 5) = 5\n\
            10 write(1<pipe:[7]>, \"\"..., 5) = 5\n\
            10 write(2</dev/null>, \"\"..., 9) = 9\n\
            11 pwrite64(4</tmp/y>, \"\"..., 7, 0 <unfinished ...>\n\
            10 write(3</tmp/x>, \"\"..., 5) = -1 ENOSPC (No space left on device)\n\
            11 <... pwrite64 resumed>) = 7\n\
            10 copy_file_range(3</tmp/x>, NULL, 5</tmp/z>, NULL, 100, 0) = 60\n\
            10 sendfile(1<pipe:[7]>, 3</tmp/x>, NULL, 9) = 9\n\
            10 exit_group(0) = ?\n";
        assert_eq!(bytes_written(log), 5 + 7 + 60);
    }
}
