# One of the tools.
{
  lib,
  rustPlatform,
  rustc,
  name,
  tool,
}:
let
  inherit (lib.importTOML ../Cargo.toml) workspace;
  # Members that are no part of any tool. Cargo wants to see them, but not what is in them.
  others = builtins.filter (member: member != "crates/*") workspace.members;
  flags = [
    "--package"
    name
  ];
in
rustPlatform.buildRustPackage {
  pname = name;
  inherit (workspace.package) version;

  src = lib.fileset.toSource {
    root = ../.;
    fileset = lib.fileset.unions (
      [
        ../Cargo.lock
        ../Cargo.toml
        ../crates
        ../docs/completions
        ../docs/man
        ../tests/cases
      ]
      ++ map (member: ../. + "/${member}/Cargo.toml") others
    );
  };
  postPatch = ''
    for member in ${lib.escapeShellArgs others}; do
      mkdir -p "$member/src"
      touch "$member/src/lib.rs"
    done
  '';
  cargoLock.lockFile = ../Cargo.lock;

  # A nixpkgs that is too old can still evaluate this.
  preBuild = lib.optionalString (lib.versionOlder rustc.version workspace.package.rust-version) (
    throw "${name} needs Rust ${workspace.package.rust-version}, and this nixpkgs has ${rustc.version}: take nixpkgs' unstable branch for it, or give the overlay toolPackages that have a newer one"
  );

  cargoBuildFlags = flags;
  # The others kill processes and measure privileges.
  cargoTestFlags =
    flags
    ++ [ "--lib" ]
    ++ lib.optionals (builtins.pathExists (../crates + "/${name}/tests/cases.rs")) [
      "--test"
      "cases"
    ];

  # `cargo xtask docs` has made them; without installShellFiles, as a tool takes nothing of the package set
  # but Rust.
  postInstall = ''
    install -D --mode=644 --target-directory="$out/share/man/man1" docs/man/${name}*.1
    install -D --mode=644 docs/completions/${name}.bash "$out/share/bash-completion/completions/${name}.bash"
    install -D --mode=644 docs/completions/${name}.fish "$out/share/fish/vendor_completions.d/${name}.fish"
    install -D --mode=644 docs/completions/_${name} "$out/share/zsh/site-functions/_${name}"
  '';

  meta = {
    inherit (tool) description;
    license = lib.licenses.mit;
    platforms = lib.platforms.linux;
    mainProgram = name;
  };
}
