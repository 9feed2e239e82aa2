# A nixpkgs in which the packages need each other, as far as what the tools are made with is
# concerned: the shell, Rust, and what Rust needs. The path of each is made of the paths of its inputs,
# so that a package that needs itself is an infinite recursion. On two platforms the packages are made
# by those of the first.
{
  localSystem,
  crossSystem ? localSystem,
  config ? { },
  overlays ? [ ],
}:
let
  lib = import ../lib.nix;

  # The inputs of packages, by their names.
  needs = {
    acl = [ ];
    attr = [ ];
    bash = [ "ncurses" ];
    cargo = [ "curl" ];
    coreutils = [
      "acl"
      "attr"
    ];
    curl = [
      "openssl"
      "zlib"
    ];
    dbus = [ "systemd" ];
    kmod = [ "zlib" ];
    ncurses = [ ];
    openssl = [ "zlib" ];
    python3 = [
      "bash"
      "openssl"
      "zlib"
    ];
    rustc = [
      "cargo"
      "python3"
    ];
    systemd = [
      "bash"
      "kmod"
      "util-linux"
    ];
    util-linux = [
      "bash"
      "ncurses"
    ];
    zlib = [ ];
  };

  made =
    attributes:
    let
      inputs = (attributes.nativeBuildInputs or [ ]) ++ (attributes.buildInputs or [ ]);
      drv = attributes // {
        type = "derivation";
        name = attributes.pname;
        outPath = "/nix/store/${
          builtins.substring 0 32 (
            builtins.hashString "sha256" (toString (inputs ++ [ (attributes.text or "") ]))
          )
        }-${attributes.pname}";
        out = drv;
        overrideAttrs = change: made (attributes // change attributes);
      };
    in
    drv;

  # stage PLATFORM TARGET BUILD-PACKAGES CHANGES: buildPackages is null for those that build themselves.
  stage =
    platform: target: buildPackages: changes:
    let
      build = if buildPackages == null then platform else buildPackages.stdenv.hostPlatform;
      base =
        final:
        let
          compilers = if buildPackages == null then final else buildPackages;
        in
        {
          inherit config lib;
          path = ./.;
          buildPackages = compilers;
          # An earlier stage's, as the shell that runs builds is.
          stdenv = {
            buildPlatform = build;
            hostPlatform = platform;
            targetPlatform = target;
            mkDerivation = made;
          };
          stdenvNoCC = final.stdenv;
          runtimeShell = "${final.bash}/bin/bash";
          makeSetupHook =
            arguments: script:
            made (
              arguments
              // {
                pname = arguments.name;
                text = toString (builtins.attrValues arguments.substitutions);
              }
            );
          rustPlatform.buildRustPackage =
            arguments:
            made (
              arguments
              // {
                nativeBuildInputs = [
                  compilers.rustc
                  compilers.cargo
                ];
                inherit platform;
              }
            );
        }
        // builtins.mapAttrs (
          name: inputs:
          made {
            pname = "${name}-${platform.system}";
            version = config.versions.${name} or "1.90.0";
            buildInputs = map (input: final.${input}) inputs;
          }
        ) needs;
    in
    lib.fix (builtins.foldl' (set: overlay: lib.extends overlay set) base changes);

  native = stage localSystem crossSystem null overlays;
in
(if crossSystem == localSystem then native else stage crossSystem crossSystem native overlays)
// {
  packageNames = builtins.attrNames needs;
}
