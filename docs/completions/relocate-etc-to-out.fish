complete -c relocate-etc-to-out -l output -d 'An output of the package, such as out=/nix/store/… (repeatable)' -r
complete -c relocate-etc-to-out -l search-path -d 'Directories with the programs of dependencies (repeatable)' -r
complete -c relocate-etc-to-out -l output-search-path -d 'Search path for the files of one output, instead of --search-path (repeatable)' -r
complete -c relocate-etc-to-out -l dependency -d 'A dependency without a directory of programs (repeatable)' -r
complete -c relocate-etc-to-out -l store-dir -d 'The store directory' -r -F
complete -c relocate-etc-to-out -l root -d 'Read and write all of these paths below DIR instead of /' -r -F
complete -c relocate-etc-to-out -l keep -d 'Leave references that match GLOB unchanged (repeatable)' -r
complete -c relocate-etc-to-out -l replace -d 'Replace the reference FROM by TO, before anything else is tried (repeatable)' -r
complete -c relocate-etc-to-out -l fallback -d 'Replace the reference FROM by TO if neither an output nor a dependency provides it (repeatable)' -r
complete -c relocate-etc-to-out -l format -d 'Output format' -r -f -a "human\t'For people: findings with the source line marked'
json\t'One JSON document; its schema has a version of its own'
sarif\t'SARIF 2.1.0, for code scanning services and editors'"
complete -c relocate-etc-to-out -l color -d 'When to use colors' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c relocate-etc-to-out -l explain -d 'Explain a finding and its remedy, and exit' -r -f -a "credential-in-store\t''
destdir-nest\t''
etc-path-in-program\t''
foreign-package-directory\t''
output-cycle\t''
shell-syntax\t''
unread-file\t''
etc-collision\t''
etc-linked-instead\t''
etc-written\t''
missing-etc-override\t''
state-in-output\t''
tmpfiles-name-taken\t''"
complete -c relocate-etc-to-out -l mode -d 'How references to the package\'s own files below /etc are treated; rewrite, unless the policy says otherwise' -r -f -a "rewrite\t'Rewrite them to the output; link the files of those that cannot be rewritten'
link\t'Leave them unchanged, and link the files by tmpfiles.d lines'"
complete -c relocate-etc-to-out -l policy -d 'TOML file with exceptions for packages and paths' -r -F
complete -c relocate-etc-to-out -l os-release -d 'Target of the link /etc/os-release in tmpfiles.d' -r -F
complete -c relocate-etc-to-out -l link-base -d 'Directory that links in /etc lead to, instead of the output\'s etc' -r -F
complete -c relocate-etc-to-out -l prune -d 'Remove this directory from every output, such as lib/rpm (repeatable)' -r -F
complete -c relocate-etc-to-out -l dry-run -d 'Change nothing; report what would be changed'
complete -c relocate-etc-to-out -l diff -d 'Print every change as a unified diff'
complete -c relocate-etc-to-out -s q -l quiet -d 'Print errors only'
complete -c relocate-etc-to-out -l all -d 'Print each finding, also where many say the same'
complete -c relocate-etc-to-out -s v -l verbose -d 'Print additional detail'
complete -c relocate-etc-to-out -s h -l help -d 'Print help (see more with \'--help\')'
complete -c relocate-etc-to-out -s V -l version -d 'Print version'
