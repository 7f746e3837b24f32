/// Shamir's secret sharing (How to share a secret, CACM 1979) over GF(2⁸), byte by byte: each byte of the
/// secret is the value at 0 of a random polynomial, whose degree is one less than the threshold; a share is
/// the polynomials' value at its index. Fewer shares than the threshold fit every secret equally well.
///
/// Shares carry no authentication here: a wrong one gives another secret. See `ShareCollector`.
package enum SecretSharing {
    /// Fills memory with uniformly random bytes.
    package typealias Filler = (UnsafeMutableRawBufferPointer) -> Void

    /// Shares 1 to `quorum.count`.
    /// - Parameter fill: writes the coefficients; tests pass known ones. All values are equally likely, zero
    ///   too, or the shares would tell something.
    package static func split(
        _ secret: borrowing Secret, _ quorum: Quorum, coefficientsBy fill: Filler = Randomness.fill
    ) throws(CryptoError) -> [SecretShare] {
        guard secret.count > 0 else { throw .wrongLength(of: "secret") }
        let coefficients = try Secret(count: secret.count * (quorum.threshold - 1)) { fill($0) }
        return try secret.withBytes { secret throws(CryptoError) in
            try coefficients.withBytes { coefficients throws(CryptoError) in
                try share(secret, coefficients, quorum.count)
            }
        }
    }

    /// The secret, when the shares are of one split and at least as many as its threshold.
    package static func combine(_ shares: [SecretShare]) throws(CryptoError) -> Secret {
        try value(at: 0, through: shares)
    }

    /// What the polynomials through these shares are at an index: the secret at 0, another share elsewhere.
    package static func value(
        at index: UInt8, through shares: [SecretShare]
    ) throws(CryptoError) -> Secret {
        guard let size = shares.first?.value.count, shares.allSatisfy({ $0.value.count == size }) else {
            throw .wrongLength(of: "share")
        }
        let indices = shares.map(\.index)
        guard Set(indices).count == indices.count else { throw .malformed("a share's index is repeated") }
        return try Secret(count: size) { sum in
            sum.initializeMemory(as: UInt8.self, repeating: 0)
            for share in shares {
                let weight = weight(of: share.index, at: index, among: indices)
                share.value.withBytes { value in
                    for place in value.indices { sum[place] ^= GF256.product(value[place], weight) }
                }
            }
        }
    }
}

extension SecretSharing {
    private static func share(
        _ secret: UnsafeRawBufferPointer, _ coefficients: UnsafeRawBufferPointer, _ count: Int
    ) throws(CryptoError) -> [SecretShare] {
        var shares: [SecretShare] = []
        for index in 1...UInt8(count) {
            let value = try Secret(count: secret.count) { value in
                evaluate(secret, coefficients, at: index, into: value)
            }
            shares.append(SecretShare(index: index, value: value))
        }
        return shares
    }

    /// Horner's rule, highest power first; the coefficients of each power stand in one row.
    private static func evaluate(
        _ secret: UnsafeRawBufferPointer, _ coefficients: UnsafeRawBufferPointer, at index: UInt8,
        into value: UnsafeMutableRawBufferPointer
    ) {
        let rows = stride(from: coefficients.count - secret.count, through: 0, by: -secret.count)
        for place in secret.indices {
            var sum: UInt8 = 0
            for row in rows { sum = GF256.product(sum ^ coefficients[row + place], index) }
            value[place] = sum ^ secret[place]
        }
    }

    /// Lagrange's: 1 at the share's own index, 0 at the others'. Indices are no secret.
    private static func weight(of own: UInt8, at index: UInt8, among indices: [UInt8]) -> UInt8 {
        indices.reduce(1) { weight, other in
            guard other != own else { return weight }
            return GF256.product(weight, GF256.product(index ^ other, GF256.inverse(own ^ other)))
        }
    }
}

/// One share of a secret. A class, because the bytes lie once in guarded memory and arrays of shares are
/// passed around.
package final class SecretShare: Sendable {
    /// 1 to 255; the secret itself is at 0.
    package let index: UInt8
    /// As long as the secret.
    package let value: Secret

    package init(index: UInt8, value: consuming Secret) {
        precondition(index > 0, "the value at 0 is the secret")
        self.index = index
        self.value = value
    }
}
