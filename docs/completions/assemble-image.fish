complete -c assemble-image -l closure -d 'Store paths in the image: a file that lists them, one per line, or a store path (repeatable)' -r -F
complete -c assemble-image -l layout -d 'Layout of the image' -r -f -a "ddi\t'A disk with an EFI system partition, the root file system and its hash tree'
bare\t'The root file system and its hash tree as two files'
initrd\t'Everything in the initrd of one unified kernel image; nothing is verified'
esp-file\t'A disk with an EFI system partition only, on which root file system and hash tree are files'"
complete -c assemble-image -l package -d 'Packages whose files are linked into /usr and /etc, by priority (repeatable)' -r -F
complete -c assemble-image -l extra -d 'Directory tree that is copied over the root (repeatable)' -r -F
complete -c assemble-image -l os-release -d 'The os-release(5) file of the image; overrides that of packages and --extra' -r -F
complete -c assemble-image -l setuid -d 'Setuid program: a name in /usr/bin, or a path (repeatable)' -r
complete -c assemble-image -l kernel -d 'Kernel image, for all layouts with a unified kernel image' -r -F
complete -c assemble-image -l initrd -d 'Initrd' -r -F
complete -c assemble-image -l modules -d 'Kernel modules: lib/modules/VERSION with the files of depmod, unless all are built in' -r -F
complete -c assemble-image -l initrd-module -d 'Additional kernel module in the initrd (repeatable)' -r
complete -c assemble-image -l cmdline -d 'Additional kernel parameters (repeatable)' -r
complete -c assemble-image -l on-corruption -d 'Reaction of the running system to a block that does not match its hash' -r -f -a "panic\t'It panics, so that nothing runs that was tampered with'
io-error\t'The read fails, and the system goes on'"
complete -c assemble-image -l stub -d 'EFI stub of the unified kernel image [default: that of ukify]' -r -F
complete -c assemble-image -l users-pin -d 'File with fixed UIDs and GIDs' -r -F
complete -c assemble-image -l allow-account -d 'Accept a user or group that is refused otherwise (repeatable)' -r
complete -c assemble-image -l preset -d 'Preset file that enables system units: systemd.preset(5)' -r -F
complete -c assemble-image -l user-preset -d 'Preset file that enables user units' -r -F
complete -c assemble-image -l locale -d 'Locale, for /etc/locale.conf' -r
complete -c assemble-image -l keymap -d 'Console keymap, for /etc/vconsole.conf' -r
complete -c assemble-image -l timezone -d 'Time zone, such as Europe/Vienna' -r
complete -c assemble-image -l hostname -d 'Host name' -r
complete -c assemble-image -l machine-id -d 'Machine ID: transient (new at every boot), uninitialized (marks the first boot), or 32 hexadecimal digits' -r
complete -c assemble-image -l tmpfs -d 'Directories mounted as tmpfs, unless a package or --extra has an /etc/fstab (repeatable)' -r
complete -c assemble-image -l root-fs -d 'Read-only file system of the root' -r -f -a "erofs\t'Compressed in blocks of fixed size; needs Linux 5.4, and 6.10 for zstd'"
complete -c assemble-image -l compression -d 'Compression of the root file system and of initrds' -r -f -a "lz4\t'Fast'
zstd\t'Smaller; needs Linux 6.10'
none\t'Not at all'"
complete -c assemble-image -l store-dir -d 'The store directory' -r -F
complete -c assemble-image -l root -d 'Directory below which store paths are read, instead of /' -r -F
complete -c assemble-image -l password -d 'Password of a user: a file with its hash, as printed by mkpasswd (repeatable)' -r
complete -c assemble-image -l output -d 'Output directory; must not exist, or be empty' -r -F
complete -c assemble-image -l lint-allow -d 'Ignore a rule of the lint, everywhere or in matching files (repeatable)' -r
complete -c assemble-image -l lint-config -d 'Configuration of the lint: see lint-store-path --config' -r -F
complete -c assemble-image -l format -d 'Output format' -r -f -a "human\t'For people: findings with the source line marked'
json\t'One JSON document; its schema has a version of its own'
sarif\t'SARIF 2.1.0, for code scanning services and editors'
html\t'A page that can be filtered and explains each finding'"
complete -c assemble-image -l color -d 'When to use colors' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c assemble-image -l explain -d 'Explain a finding and its remedy, and exit' -r -f -a "dangling-symlink\t''
malformed-line\t''
missing-account\t''
missing-nss-module\t''
missing-pam-include\t''
missing-pam-module\t''
missing-program\t''
missing-tmpfiles-source\t''
build-host-specifier\t''
duplicate-account\t''
duplicate-etc-path\t''
duplicate-vendor-file\t''
empty-password\t''
entry-below-link\t''
missing-login-program\t''
missing-preset-unit\t''
missing-wrapper\t''
readable-password\t''
read-only-var\t''
root-not-locked\t''
second-superuser\t''
shadowed-program\t''
unpinned-user\t''
unsupported-tmpfiles-line\t''
user-number-drift\t''"
complete -c assemble-image -l size-report -d 'Also write an HTML page with the sizes of store paths and directories as a treemap'
complete -c assemble-image -l no-tmpfs -d 'Mount no tmpfs'
complete -c assemble-image -l no-lint -d 'Do not lint the closure'
complete -c assemble-image -l rebuild-check -d 'Build the image twice and fail if the results differ'
complete -c assemble-image -l dry-run -d 'Write nothing; print the content of the image and the commands that would be run'
complete -c assemble-image -s q -l quiet -d 'Print errors only'
complete -c assemble-image -l all -d 'Print each finding, also where many say the same'
complete -c assemble-image -s v -l verbose -d 'Print additional detail'
complete -c assemble-image -s h -l help -d 'Print help (see more with \'--help\')'
complete -c assemble-image -s V -l version -d 'Print version'
