package sqlitestore

const crashChildEnv = "ZGODA_SQLITESTORE_CRASH_CHILD"

func crashChild(path string) {}
