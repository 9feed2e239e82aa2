# polkit as nixpkgs builds it: where it looks for actions, and how they get where they are installed.
{ stdenv }:
stdenv.mkDerivation {
  pname = "polkit";
  version = "126";
  dontUnpack = true;
  mesonFlags = [
    "--datadir=/run/current-system/sw/share"
    "--sysconfdir=/etc"
  ];
  installPhase = ''
    runHook preInstall
    for flag in ''${mesonFlags[@]}; do
      if [[ $flag == --datadir=* ]]; then
        mkdir -p "dest''${flag#--datadir=}/polkit-1"
        echo "$flag" >"dest''${flag#--datadir=}/polkit-1/flag"
      fi
    done
    runHook postInstall
  '';
  postInstall = ''
    mkdir -p "$out/share"
    mv dest/run/current-system/sw/share/* "$out/share"
    rmdir --parents --ignore-fail-on-non-empty dest/run/current-system/sw/share
    ! test -e dest
  '';
}
