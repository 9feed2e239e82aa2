# The package set of these tests, with the project's overlay on top.
{
  # Of nixpkgs/default.nix: what it takes from `config`.
  structuredAttrs ? false,
  # Further overlays, between the packages and the project's.
  overlays ? [ ],
  ...
}@arguments:
import ./nixpkgs {
  config =
    builtins.removeAttrs arguments [
      "overlays"
      "structuredAttrs"
    ]
    // {
      structuredAttrsByDefault = structuredAttrs;
    };
  overlays = overlays ++ [
    (import ../../nix-overlay)
    (final: _: {
      # Every hook, also the lint's, and an output for debuggers.
      withAllHooks =
        package:
        (final.withHermeticHooks package).overrideAttrs (old: {
          separateDebugInfo = true;
          nativeBuildInputs = old.nativeBuildInputs ++ [ final.buildPackages.lintStorePathHook ];
        });
    })
  ];
}
