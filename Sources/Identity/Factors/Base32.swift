/// RFC 4648 6 without padding: how authenticator apps read a seed.
enum Base32 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".utf8)
    /// Crockford's: without letters that look like figures, and without U.
    static let legible = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)

    static func encode(_ bytes: some Sequence<UInt8>, in alphabet: [UInt8] = Base32.alphabet) -> String {
        var (text, buffer, bits): ([UInt8], UInt32, Int) = ([], 0, 0)
        for byte in bytes {
            (buffer, bits) = (buffer << 8 | UInt32(byte), bits + 8)
            while bits >= 5 {
                bits -= 5
                text.append(alphabet[Int(buffer >> UInt32(bits) & 31)])
            }
        }
        if bits > 0 { text.append(alphabet[Int(buffer << UInt32(5 - bits) & 31)]) }
        return String(decoding: text, as: UTF8.self)
    }
}
