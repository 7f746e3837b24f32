/// Seals secrets for the database: a fresh data key encrypts each one (AES-256-GCM, bound to its field), the
/// current key-encryption key wraps the data key. Immutable, so every thread may use it at once; a new
/// generation means a new keyring.
package final class Keyring: Sendable {
    /// Generous for what is sealed: credentials and bodies parked for approval.
    package static let maximumPlaintextBytes = 1 << 20

    let keys: [UInt32: KeyEncryptionKey]
    let current: KeyEncryptionKey
    /// Whether every generation was wrapped in custody; false when all are older. Mixed ones are refused.
    package let isInCustody: Bool

    /// Opens all generations; the highest is current.
    package init(opening wrapped: [WrappedKeyEncryptionKey], under root: RootKey) throws(SealingError) {
        var keys: [UInt32: KeyEncryptionKey] = [:]
        for key in wrapped {
            let opened = try KeyEncryptionKey(key, under: root)
            guard keys.updateValue(opened, forKey: opened.generation) == nil else {
                throw .duplicateGeneration(key.generation)
            }
        }
        guard let highest = keys.keys.max(), let current = keys[highest] else { throw .noGeneration }
        let formats = Set(keys.values.map(\.format))
        guard formats.count == 1 else { throw .mixedCustody }
        self.keys = keys
        self.current = current
        isInCustody = formats == [.inCustody]
    }

    package var generations: [Int] { keys.keys.sorted().map { Int($0) } }

    package var currentGeneration: Int { Int(current.generation) }

    /// One byte string that says itself how to open it: see `SealedLayout`.
    package func seal(
        _ plaintext: UnsafeRawBufferPointer, for field: SealedField
    ) throws(SealingError) -> [UInt8] {
        guard plaintext.count <= Self.maximumPlaintextBytes else { throw .tooLong }
        do throws(CryptoError) {
            return try Scratch.withBytes(AEAD.keyBytes) { dataKey throws(CryptoError) in
                Randomness.fill(dataKey)
                let dataKey = UnsafeRawBufferPointer(dataKey)
                let header = SealedLayout.header(
                    generation: current.generation, dataKey: try current.wrap(dataKey))
                let associated = field.associatedData(format: SealedLayout.format)
                return header + (try AEAD.seal(plaintext, key: dataKey, associatedData: associated))
            }
        } catch { throw SealingError(error) }
    }

    package func seal(_ plaintext: [UInt8], for field: SealedField) throws(SealingError) -> [UInt8] {
        try plaintext.withRawBytes { plaintext throws(SealingError) in try seal(plaintext, for: field) }
    }

    package func seal(_ plaintext: borrowing Secret, for field: SealedField) throws(SealingError) -> [UInt8] {
        try plaintext.withBytes { plaintext throws(SealingError) in try seal(plaintext, for: field) }
    }

    /// Opens what was sealed for exactly this field.
    package func open(_ sealed: [UInt8], for field: SealedField) throws(SealingError) -> Secret {
        let layout = try SealedLayout(sealed)
        let key = try key(of: layout)
        return try sealed.withRawBytes { sealed throws(SealingError) in
            do throws(CryptoError) {
                return try Scratch.withBytes(AEAD.keyBytes) { dataKey throws(CryptoError) in
                    try key.unwrap(layout.wrappedDataKey(in: sealed), into: dataKey)
                    let key = UnsafeRawBufferPointer(dataKey)
                    return try Secret(count: layout.plaintextBytes) { plaintext throws(CryptoError) in
                        try AEAD.open(
                            layout.box(in: sealed), key: key,
                            associatedData: field.associatedData(format: SealedLayout.format), into: plaintext
                        )
                    }
                }
            } catch { throw SealingError(error) }
        }
    }

    /// The same secret with its data key under the current generation; the ciphertext stays, and with it what
    /// it is bound to.
    package func rewrap(_ sealed: [UInt8]) throws(SealingError) -> [UInt8] {
        let layout = try SealedLayout(sealed)
        let key = try key(of: layout)
        return try sealed.withRawBytes { sealed throws(SealingError) in
            do throws(CryptoError) {
                return try Scratch.withBytes(AEAD.keyBytes) { dataKey throws(CryptoError) in
                    try key.unwrap(layout.wrappedDataKey(in: sealed), into: dataKey)
                    let wrapped = try current.wrap(UnsafeRawBufferPointer(dataKey))
                    return SealedLayout.header(generation: current.generation, dataKey: wrapped)
                        + layout.box(in: sealed)
                }
            } catch { throw SealingError(error) }
        }
    }

    /// The generation that sealed bytes need, to find what must be re-wrapped.
    package static func generation(of sealed: [UInt8]) throws(SealingError) -> Int {
        Int(try SealedLayout(sealed).generation)
    }

    private func key(of layout: SealedLayout) throws(SealingError) -> KeyEncryptionKey {
        guard let key = keys[layout.generation] else { throw .unknownGeneration(Int(layout.generation)) }
        return key
    }
}
