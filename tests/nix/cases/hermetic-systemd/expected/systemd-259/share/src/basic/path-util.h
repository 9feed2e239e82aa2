#define DEFAULT_PATH "/nix/store/systemd-259/bin:/usr/bin"
