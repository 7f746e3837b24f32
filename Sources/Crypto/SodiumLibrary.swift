private import CSodium

/// libsodium chooses its implementations once per process; everything that calls it asks `isReady` before.
enum SodiumLibrary {
    static let isReady = sodium_init() >= 0
}
