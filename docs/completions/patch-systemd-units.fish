complete -c patch-systemd-units -l output -d 'An output of the package, such as out=/nix/store/… (repeatable)' -r
complete -c patch-systemd-units -l search-path -d 'Directories with the programs of dependencies (repeatable)' -r
complete -c patch-systemd-units -l output-search-path -d 'Search path for the files of one output, instead of --search-path (repeatable)' -r
complete -c patch-systemd-units -l dependency -d 'A dependency without a directory of programs (repeatable)' -r
complete -c patch-systemd-units -l store-dir -d 'The store directory' -r -F
complete -c patch-systemd-units -l root -d 'Read and write all of these paths below DIR instead of /' -r -F
complete -c patch-systemd-units -l keep -d 'Leave references that match GLOB unchanged (repeatable)' -r
complete -c patch-systemd-units -l replace -d 'Replace the reference FROM by TO, before anything else is tried (repeatable)' -r
complete -c patch-systemd-units -l fallback -d 'Replace the reference FROM by TO if neither an output nor a dependency provides it (repeatable)' -r
complete -c patch-systemd-units -l format -d 'Output format' -r -f -a "human\t'For people: findings with the source line marked'
json\t'One JSON document; its schema has a version of its own'
sarif\t'SARIF 2.1.0, for code scanning services and editors'"
complete -c patch-systemd-units -l color -d 'When to use colors' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c patch-systemd-units -l explain -d 'Explain a finding and its remedy, and exit' -r -f -a "bare-program\t''
core-pattern-too-long\t''
exec-paths-exclude-store\t''
hidden-store\t''
line-too-long\t''
malformed-line\t''
missing-condition-file\t''
missing-program\t''
missing-shell-command\t''
missing-store-file\t''
negated-condition\t''
output-cycle\t''
program-not-executable\t''
relative-program\t''
shell-syntax\t''
unread-file\t''
unwritable-place\t''
forbidden-reference\t''
login-program-compiled-in\t''
machine-state-program\t''
missing-argument-file\t''
missing-replacement\t''
missing-search-path\t''
output-not-runtime\t''
setuid-wrapper\t''
malformed-json\t''
malformed-xml\t''
unbalanced-quote\t''
unclosed-section\t''
unit-moved\t''
variable-in-path\t''"
complete -c patch-systemd-units -l missing -d 'Severity of programs that cannot be found' -r -f -a "warn\t'A warning: the exit status is 0'
error\t'An error: nothing is written, the exit status is 1'"
complete -c patch-systemd-units -l unit-output -d 'Output for units that move, because otherwise two outputs would refer to each other' -r
complete -c patch-systemd-units -l forbid-reference -d 'A store path that no replacement may refer to (repeatable)' -r -F
complete -c patch-systemd-units -l dry-run -d 'Change nothing; report what would be changed'
complete -c patch-systemd-units -l diff -d 'Print every change as a unified diff'
complete -c patch-systemd-units -s q -l quiet -d 'Print errors only'
complete -c patch-systemd-units -l all -d 'Print each finding, also where many say the same'
complete -c patch-systemd-units -s v -l verbose -d 'Print additional detail'
complete -c patch-systemd-units -l desktop-entries -d 'Also rewrite the programs of desktop entries'
complete -c patch-systemd-units -l list-directories -d 'Print the directories of an output that are read, one per line, and exit'
complete -c patch-systemd-units -s h -l help -d 'Print help (see more with \'--help\')'
complete -c patch-systemd-units -s V -l version -d 'Print version'
