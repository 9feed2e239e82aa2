#define CONF_PATHS(n) \
        "/etc/" n, \
        "/run/" n, \
        "/usr/lib/" n, \
        "/nix/store/systemd-259/lib/" n
