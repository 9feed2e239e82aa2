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
    throw "${name} needs Rust ${workspace.package.rust-version}, and this nixpkgs has ${rustc.version}: take nixpkgs' unstable branch for it, or another rustPlatform by an overlay in front of this one"
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

  meta = {
    inherit (tool) description;
    license = lib.licenses.mit;
    platforms = lib.platforms.linux;
    mainProgram = name;
  };
}
