#define CONF_PATHS(n) \
        "/etc/" n, \
        "/run/" n, \
        "/usr/lib/" n
