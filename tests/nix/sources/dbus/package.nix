{
  stdenv,
  rewritePkgConfigPrefixHook,
  systemdPc,
  gnutar,
  sources,
  patched,
}:
stdenv.mkDerivation {
  name = "dbus";
  nativeBuildInputs = [
    gnutar
    rewritePkgConfigPrefixHook
  ];
  env.PKG_CONFIG_PATH = "${systemdPc}/share/pkgconfig";
  dontRewritePkgConfigPrefixConsumer = !patched;
  # The machine's compiler, meson and libraries; they are not what is tried here.
  postUnpack = ''
    export PATH=$PATH:/usr/bin:/bin
    tar --extract --file=${sources.dbus} --strip-components=1
  '';
  buildPhase = ''
    meson setup build --prefix="$out" >log || { cat log; false; }
    ninja -C build >log || { cat log; false; }
  '';
  # What is to be installed elsewhere is seen in `outside`, and changes nothing there.
  installPhase = ''
    export DESTDIR=$PWD/stage
    install=(meson install -C build --no-rebuild)
    if [[ $(id --user) == 0 ]]; then
      # root would set a setuid bit, which Nix forbids. Its builders are somebody else.
      chown --recursive nobody "$NIX_BUILD_TOP"
      install=(setpriv --reuid=nobody --clear-groups "''${install[@]}")
    fi
    "''${install[@]}" >log || { cat log; false; }
    mkdir "$out"
    if [[ -d stage$out ]]; then
      cp --recursive --no-target-directory "stage$out" "$out"
      rm --recursive "stage$out"
    fi
    (cd stage && find . -type f) | sort >"$out/outside"
  '';
}
