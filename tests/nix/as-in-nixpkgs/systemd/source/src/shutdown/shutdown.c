const char * const shutdown_dirs[] = {
        SYSTEM_SHUTDOWN_PATH,
        0
};
