import Crypto

/// The bytes of a vector written in hex.
func bytes(_ hex: String) -> [UInt8] {
    guard let bytes = Hex.decode(hex) else { preconditionFailure("not hex: \(hex)") }
    return bytes
}

/// The bytes with one bit changed.
func flipped(_ bytes: [UInt8], _ bit: Int) -> [UInt8] {
    var altered = bytes
    altered[bit / 8] ^= 1 << (bit % 8)
    return altered
}
