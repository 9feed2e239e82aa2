# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_rewrite_pkgconfig_prefix_global_optspecs
    string join \n h/help V/version
end

function __fish_rewrite_pkgconfig_prefix_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_rewrite_pkgconfig_prefix_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_rewrite_pkgconfig_prefix_using_subcommand
    set -l cmd (__fish_rewrite_pkgconfig_prefix_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c rewrite-pkgconfig-prefix -n "__fish_rewrite_pkgconfig_prefix_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rewrite-pkgconfig-prefix -n "__fish_rewrite_pkgconfig_prefix_needs_command" -s V -l version -d 'Print version'
complete -c rewrite-pkgconfig-prefix -n "__fish_rewrite_pkgconfig_prefix_needs_command" -f -a "provider" -d 'Fix the .pc files that a package ships'
complete -c rewrite-pkgconfig-prefix -n "__fish_rewrite_pkgconfig_prefix_needs_command" -f -a "consumer" -d 'Redirect the install directories of other packages\' .pc files to this package'
complete -c rewrite-pkgconfig-prefix -n "__fish_rewrite_pkgconfig_prefix_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c rewrite-pkgconfig-prefix -n "__fish_rewrite_pkgconfig_prefix_using_subcommand provider" -l output -d 'An output of the package, such as out=/nix/store/… (repeatable)' -r
complete -c rewrite-pkgconfig-prefix -n "__fish_rewrite_pkgconfig_prefix_using_subcommand provider" -l search-path -d 'Directories with the programs of dependencies (repeatable)' -r
complete -c rewrite-pkgconfig-prefix -n "__fish_rewrite_pkgconfig_prefix_using_subcommand provider" -l output-search-path -d 'Search path for the files of one output, instead of --search-path (repeatable)' -r
complete -c rewrite-pkgconfig-prefix -n "__fish_rewrite_pkgconfig_prefix_using_subcommand provider" -l dependency -d 'A dependency without a directory of programs (repeatable)' -r
complete -c rewrite-pkgconfig-prefix -n "__fish_rewrite_pkgconfig_prefix_using_subcommand provider" -l store-dir -d 'The store directory' -r -F
complete -c rewrite-pkgconfig-prefix -n "__fish_rewrite_pkgconfig_prefix_using_subcommand provider" -l root -d 'Read and write all of these paths below DIR instead of /' -r -F
complete -c rewrite-pkgconfig-prefix -n "__fish_rewrite_pkgconfig_prefix_using_subcommand provider" -l keep -d 'Leave references that match GLOB unchanged (repeatable)' -r
complete -c rewrite-pkgconfig-prefix -n "__fish_rewrite_pkgconfig_prefix_using_subcommand provider" -l replace -d 'Replace the reference FROM by TO, before anything else is tried (repeatable)' -r
complete -c rewrite-pkgconfig-prefix -n "__fish_rewrite_pkgconfig_prefix_using_subcommand provider" -l fallback -d 'Replace the reference FROM by TO if neither an output nor a dependency provides it (repeatable)' -r
complete -c rewrite-pkgconfig-prefix -n "__fish_rewrite_pkgconfig_prefix_using_subcommand provider" -l format -d 'Output format' -r -f -a "human\t'For people: findings with the source line marked'
json\t'One JSON document; its schema has a version of its own'
sarif\t'SARIF 2.1.0, for code scanning services and editors'"
complete -c rewrite-pkgconfig-prefix -n "__fish_rewrite_pkgconfig_prefix_using_subcommand provider" -l color -d 'When to use colors' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c rewrite-pkgconfig-prefix -n "__fish_rewrite_pkgconfig_prefix_using_subcommand provider" -l explain -d 'Explain a finding and its remedy, and exit' -r -f -a "line-too-long\t''
malformed-line\t''
missing-pc-directory\t''
output-cycle\t''
pc-undefined-variable\t''
unread-file\t''
unwritable-place\t''
pc-duplicate-variable\t''
pc-install-not-absolute\t''
pc-make-variable\t''
pc-relative-prefix\t''
pc-unbalanced-brace\t''"
complete -c rewrite-pkgconfig-prefix -n "__fish_rewrite_pkgconfig_prefix_using_subcommand provider" -l dry-run -d 'Change nothing; report what would be changed'
complete -c rewrite-pkgconfig-prefix -n "__fish_rewrite_pkgconfig_prefix_using_subcommand provider" -l diff -d 'Print every change as a unified diff'
complete -c rewrite-pkgconfig-prefix -n "__fish_rewrite_pkgconfig_prefix_using_subcommand provider" -s q -l quiet -d 'Print errors only'
complete -c rewrite-pkgconfig-prefix -n "__fish_rewrite_pkgconfig_prefix_using_subcommand provider" -l all -d 'Print each finding, also where many say the same'
complete -c rewrite-pkgconfig-prefix -n "__fish_rewrite_pkgconfig_prefix_using_subcommand provider" -s v -l verbose -d 'Print additional detail'
complete -c rewrite-pkgconfig-prefix -n "__fish_rewrite_pkgconfig_prefix_using_subcommand provider" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rewrite-pkgconfig-prefix -n "__fish_rewrite_pkgconfig_prefix_using_subcommand consumer" -l prefix -d 'Directory to which the package is installed; it need not exist' -r
complete -c rewrite-pkgconfig-prefix -n "__fish_rewrite_pkgconfig_prefix_using_subcommand consumer" -l into -d 'Directory for the copies; it is created if it does not exist' -r
complete -c rewrite-pkgconfig-prefix -n "__fish_rewrite_pkgconfig_prefix_using_subcommand consumer" -l output -d 'An output of the package, such as out=/nix/store/… (repeatable); it need not exist' -r
complete -c rewrite-pkgconfig-prefix -n "__fish_rewrite_pkgconfig_prefix_using_subcommand consumer" -l install-output -d 'Output to which the package is installed, instead of --prefix' -r
complete -c rewrite-pkgconfig-prefix -n "__fish_rewrite_pkgconfig_prefix_using_subcommand consumer" -l install-variable -d 'A further install variable (repeatable)' -r
complete -c rewrite-pkgconfig-prefix -n "__fish_rewrite_pkgconfig_prefix_using_subcommand consumer" -l pkg-config-path -d 'Search path of pkg-config, instead of $PKG_CONFIG_PATH' -r
complete -c rewrite-pkgconfig-prefix -n "__fish_rewrite_pkgconfig_prefix_using_subcommand consumer" -l store-dir -d 'The store directory' -r -F
complete -c rewrite-pkgconfig-prefix -n "__fish_rewrite_pkgconfig_prefix_using_subcommand consumer" -l root -d 'Read and write all of these paths below DIR instead of /' -r -F
complete -c rewrite-pkgconfig-prefix -n "__fish_rewrite_pkgconfig_prefix_using_subcommand consumer" -l format -d 'Output format' -r -f -a "human\t'For people: findings with the source line marked'
json\t'One JSON document; its schema has a version of its own'
sarif\t'SARIF 2.1.0, for code scanning services and editors'"
complete -c rewrite-pkgconfig-prefix -n "__fish_rewrite_pkgconfig_prefix_using_subcommand consumer" -l color -d 'When to use colors' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c rewrite-pkgconfig-prefix -n "__fish_rewrite_pkgconfig_prefix_using_subcommand consumer" -l explain -d 'Explain a finding and its remedy, and exit' -r -f -a "line-too-long\t''
malformed-line\t''
missing-pc-directory\t''
output-cycle\t''
pc-undefined-variable\t''
unread-file\t''
unwritable-place\t''
pc-duplicate-variable\t''
pc-install-not-absolute\t''
pc-make-variable\t''
pc-relative-prefix\t''
pc-unbalanced-brace\t''"
complete -c rewrite-pkgconfig-prefix -n "__fish_rewrite_pkgconfig_prefix_using_subcommand consumer" -l list-install-variables -d 'Print the table of install variables, one per line, and exit'
complete -c rewrite-pkgconfig-prefix -n "__fish_rewrite_pkgconfig_prefix_using_subcommand consumer" -l dry-run -d 'Change nothing; report what would be changed'
complete -c rewrite-pkgconfig-prefix -n "__fish_rewrite_pkgconfig_prefix_using_subcommand consumer" -l diff -d 'Print every change as a unified diff'
complete -c rewrite-pkgconfig-prefix -n "__fish_rewrite_pkgconfig_prefix_using_subcommand consumer" -s q -l quiet -d 'Print errors only'
complete -c rewrite-pkgconfig-prefix -n "__fish_rewrite_pkgconfig_prefix_using_subcommand consumer" -l all -d 'Print each finding, also where many say the same'
complete -c rewrite-pkgconfig-prefix -n "__fish_rewrite_pkgconfig_prefix_using_subcommand consumer" -s v -l verbose -d 'Print additional detail'
complete -c rewrite-pkgconfig-prefix -n "__fish_rewrite_pkgconfig_prefix_using_subcommand consumer" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rewrite-pkgconfig-prefix -n "__fish_rewrite_pkgconfig_prefix_using_subcommand help; and not __fish_seen_subcommand_from provider consumer help" -f -a "provider" -d 'Fix the .pc files that a package ships'
complete -c rewrite-pkgconfig-prefix -n "__fish_rewrite_pkgconfig_prefix_using_subcommand help; and not __fish_seen_subcommand_from provider consumer help" -f -a "consumer" -d 'Redirect the install directories of other packages\' .pc files to this package'
complete -c rewrite-pkgconfig-prefix -n "__fish_rewrite_pkgconfig_prefix_using_subcommand help; and not __fish_seen_subcommand_from provider consumer help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
