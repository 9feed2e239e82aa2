static const char * const unit_paths[] = {
        "/etc/systemd/system",
        "/run/systemd/system",
        SYSTEM_DATA_UNIT_PATH,
        "/usr/lib/systemd/system",
        0
};
