# A package that refers to another one. It also holds the name of a third, which was no input of its
# build: for Nix that is no reference.
{ ... }@arguments:
let
  inherit (import ./pkgs.nix arguments) stdenv;
  package =
    name: text:
    stdenv.mkDerivation {
      inherit name text;
      dontUnpack = true;
      installPhase = ''
        mkdir -p "$out/share"
        printf '%s\n' "$text" >"$out/share/text"
      '';
    };
  referred = package "referred-1.0" "nothing";
in
rec {
  unreferred = package "unreferred-1.0" "nothing";
  top = package "top-1.0" "${referred} ${builtins.unsafeDiscardStringContext unreferred.outPath}";
}
