# The files of docs/in-nixpkgs.md, below `pages`, called as nixpkgs would call them.
{ pages, ... }@arguments:
let
  pkgs = import ./pkgs.nix (
    builtins.removeAttrs arguments [ "pages" ]
    // {
      overlays = [
        (final: prev: {
          # Only what the hook takes of it.
          fetchFromGitHub =
            {
              owner,
              repo,
              tag,
              hash,
            }:
            final.lib.fileset.toSource {
              root = ../..;
              fileset = final.lib.fileset.unions [ ../../hooks ];
            };
          installShellFiles = final.coreutils;
          nix-update-script = _: [ "nix-update" ];
          nixosTests.patch-systemd-units = import (pages + "/nixos/tests/patch-systemd-units.nix") {
            inherit (final) lib;
            pkgs = final;
          };
          rustPlatform = prev.rustPlatform // {
            buildRustPackage =
              arguments:
              if builtins.isFunction arguments then
                final.stdenv.mkDerivation arguments
              else
                prev.rustPlatform.buildRustPackage arguments;
          };
        })
      ];
    }
  );
  inherit (pkgs) callPackage;
  byName = pages + "/pkgs/by-name/pa";
in
rec {
  tool = callPackage (byName + "/patch-systemd-units/package.nix") { patchSystemdUnitsHook = hook; };
  # The overlay's tool, which is the same and builds here.
  hook = callPackage (byName + "/patchSystemdUnitsHook/package.nix") {
    patch-systemd-units = pkgs.patch-systemd-units // {
      inherit (tool) meta src;
    };
    patchSystemdUnitsHook = hook;
  };
  inherit (hook) tests;
  example = builtins.head tool.tests.patch-systemd-units.nodes.machine.systemd.packages;
  evaluated = builtins.deepSeq [
    tool.meta
    tool.updateScript
    tool.cargoTestFlags
    tool.tests.patch-systemd-units.testScript
    hook.meta
  ] true;
}
