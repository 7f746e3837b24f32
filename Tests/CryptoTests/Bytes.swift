import Crypto

/// The bytes of a vector written in hex.
func bytes(_ hex: String) -> [UInt8] {
    guard let bytes = Hex.decode(hex) else { preconditionFailure("not hex: \(hex)") }
    return bytes
}
