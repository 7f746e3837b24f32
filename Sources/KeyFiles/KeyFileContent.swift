import Crypto

/// What one file turned out to be.
enum KeyFileContent {
    case drafts([CredentialDraft])
    case freqtrade(FreqtradeCredentials)
    /// Gathered across files, since a credential may be spread over several.
    case hummingbot
}

extension KeyFileContent {
    /// - Parameters:
    ///   - format: nil: told by the content.
    ///   - hummingbot: takes what is hummingbot's.
    static func read(
        _ file: KeyFile, as format: KeyFileFormat?, hummingbot: inout HummingbotFiles
    ) throws(KeyFileRefusal) -> KeyFileContent {
        try file.content.withBytes { bytes throws(KeyFileRefusal) in
            if format == nil || format == .hummingbot {
                let outcome: HummingbotFiles.Outcome
                do throws(CryptoError) {
                    outcome = try hummingbot.take(bytes, file)
                } catch {
                    throw .unavailable
                }
                switch outcome {
                case .taken: return .hummingbot
                case .nothingFound: throw .nothingFound
                case .notUnderstood: if format == .hummingbot { throw .notUnderstood }
                }
            }
            let first = LooseJSONReader.first(of: bytes)
            let isJSON = first == UInt8(ascii: "{") || first == UInt8(ascii: "[")
            switch format {
            case .env where isJSON, .ccxt where !isJSON, .freqtrade where !isJSON: throw .notUnderstood
            default: break
            }
            return isJSON ? try json(bytes, file, format) : try variables(bytes, file)
        }
    }
}

extension KeyFileContent {
    private static func json(
        _ bytes: UnsafeRawBufferPointer, _ file: KeyFile, _ format: KeyFileFormat?
    ) throws(KeyFileRefusal) -> KeyFileContent {
        let document = try LooseJSONReader.read(bytes)
        let isFreqtrade = FreqtradeCredentials.fits(document)
        if format == .freqtrade, !isFreqtrade { throw .notUnderstood }
        do throws(CryptoError) {
            if format == .freqtrade || format == nil && isFreqtrade {
                return .freqtrade(try FreqtradeCredentials(document, in: bytes, name: file.name))
            }
            return .drafts(try CcxtCredentials(document, in: bytes, name: file.name).drafts)
        } catch {
            throw .unavailable
        }
    }

    private static func variables(
        _ bytes: UnsafeRawBufferPointer, _ file: KeyFile
    ) throws(KeyFileRefusal) -> KeyFileContent {
        let variables = EnvCredentials(bytes, name: file.name)
        guard variables.hasEntries else { throw .notUnderstood }
        do throws(CryptoError) {
            return .drafts(try variables.credentials().filter { !$0.isEmpty })
        } catch {
            throw .unavailable
        }
    }
}
