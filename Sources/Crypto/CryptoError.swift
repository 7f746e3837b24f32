/// What can go wrong in a primitive. No case carries bytes of a secret.
package enum CryptoError: Error, Sendable, Equatable {
    /// Guarded memory could not be mapped: the process is out of memory or of mappings (`vm.max_map_count`).
    case secretMemoryExhausted
    /// The tag or signature does not fit: wrong key, wrong associated data, or altered bytes.
    case notAuthentic
    /// An input has a length that the primitive does not take.
    case wrongLength(of: String)
    /// A text or structure could not be parsed.
    case malformed(String)
    /// A text is no private key that we take.
    case keyRefused(KeyRefusal)
    /// The C library refused an operation that should succeed: out of memory, or a broken installation.
    case library(operation: String)
}
