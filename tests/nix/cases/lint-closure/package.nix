{
  stdenv,
  lintClosure,
}:
let
  library = stdenv.mkDerivation {
    name = "library-1.0";
    src = ./src;
    dontCheckForBrokenSymlinks = true;
    installPhase = ''
      mkdir -p "$out/share"
      ln -s gone "$out/share/wrong"
    '';
  };
  hello = stdenv.mkDerivation {
    name = "hello-1.0";
    src = ./src;
    installPhase = ''
      mkdir -p "$out/share"
      ln -s ${library}/share "$out/share/library"
    '';
  };
  linted = lintClosure {
    packages = [ hello ];
    deny = [ "dangling-symlink" ];
    failOn = null;
  };
in
# The reports have hashes: only what they say is kept.
stdenv.mkDerivation {
  name = "reports-1.0";
  dontUnpack = true;
  installPhase = ''
    mkdir "$out"
    for report in html json sarif; do
      grep --quiet dangling-symlink ${linted}/lint."$report"
    done
    sed --quiet '/"summary"/,/^  }/p' ${linted}/lint.json >"$out/summary"
  '';
}
