{ iwd, withAllHooks }: withAllHooks iwd
