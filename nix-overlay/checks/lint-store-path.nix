# Packages that prove the hook on the nixpkgs it is used with.
{ stdenv, hook }:
let
  # A package with one defect that is no error by itself, and one that is none at all.
  check =
    name: structured: attributes:
    stdenv.mkDerivation (
      {
        name = "lint-store-path-hook-${name}";
        __structuredAttrs = structured;
        strictDeps = true;
        outputs = [
          "out"
          "lib"
        ];
        nativeBuildInputs = [ hook ];

        dontUnpack = true;
        # The links are what is tried.
        dontCheckForBrokenSymlinks = true;
        installPhase = ''
          runHook preInstall
          mkdir -p "$out/bin" "$lib/lib"
          ln -s "$lib/lib/present" "$out/bin/right"
          touch "$lib/lib/present"
          ln -s missing "$lib/lib/wrong"
          runHook postInstall
        '';
      }
      // attributes
    );
  allowed = {
    lintStorePathDeny = [ "dangling-symlink" ];
    lintStorePathAllow = [ "dangling-symlink:lib/wr*" ];
  };
in
{
  strings = check "strings" false allowed;
  structured-attributes = check "structured-attributes" true allowed;
  opt-out = check "opt-out" true {
    lintStorePathDeny = [ "dangling-symlink" ];
    dontLintStorePath = true;
  };
  severity = check "severity" true {
    lintStorePathSeverity.dangling-symlink = "note";
  };
}
