private import COpenSSL

/// A P-256 signature in its two spellings: DER, as X9.62 and TLS write it, and r ‖ s of 32 bytes each, as JWT
/// does (RFC 7518, section 3.4).
package enum ECDSASignature {
    package enum Encoding: Sendable { case raw, der }

    package static let rawBytes = 64

    /// nil unless it is DER whose numbers fit.
    static func raw(fromDER der: [UInt8]) -> [UInt8]? {
        der.withUnsafeBufferPointer { bytes in
            var position = bytes.baseAddress
            guard let signature = d2i_ECDSA_SIG(nil, &position, bytes.count) else {
                ERR_clear_error()
                return nil
            }
            defer { ECDSA_SIG_free(signature) }
            var raw = [UInt8](repeating: 0, count: rawBytes)
            let half = Int32(rawBytes / 2)
            let fits = raw.withUnsafeMutableBufferPointer { raw in
                guard let start = raw.baseAddress else { return false }
                return BN_bn2binpad(ECDSA_SIG_get0_r(signature), start, half) == half
                    && BN_bn2binpad(ECDSA_SIG_get0_s(signature), start + rawBytes / 2, half) == half
            }
            return fits ? raw : nil
        }
    }

    /// nil unless it has 64 bytes.
    static func der(fromRaw raw: [UInt8]) -> [UInt8]? {
        guard raw.count == rawBytes, let signature = ECDSA_SIG_new() else { return nil }
        defer { ECDSA_SIG_free(signature) }
        let half = rawBytes / 2
        let r = BN_bin2bn(Array(raw[..<half]), Int32(half), nil)
        let s = BN_bin2bn(Array(raw[half...]), Int32(half), nil)
        guard ECDSA_SIG_set0(signature, r, s) == 1 else {
            BN_free(r)
            BN_free(s)
            return nil
        }
        let count = Int(i2d_ECDSA_SIG(signature, nil))
        guard count > 0 else { return nil }
        var der = [UInt8](repeating: 0, count: count)
        return der.withUnsafeMutableBufferPointer { bytes in
            var position = bytes.baseAddress
            return Int(i2d_ECDSA_SIG(signature, &position)) == count
        } ? der : nil
    }
}
