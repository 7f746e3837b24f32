import Crypto
import Exchanges
import Foundation

@testable import KeyFiles

/// A file of a test's own words.
func keyFile(_ text: String, _ name: String = "file") throws -> KeyFile {
    KeyFile(name: name, content: try Secret(copying: Array(text.utf8)))
}

/// One of Tests/Fixtures/keyfiles.
func fixture(_ name: String) throws -> KeyFile {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    let data = try Data(contentsOf: folder.appending(path: "Fixtures/keyfiles/\(name)"))
    return KeyFile(name: name, content: try Secret(copying: [UInt8](data)))
}

func reading(_ text: String, _ format: KeyFileFormat? = nil) throws -> KeyFileReading {
    try KeyFileReading([keyFile(text)], format: format)
}

/// A credential in one line, as tests compare it.
extension FoundCredential {
    var summary: String {
        var words = [exchange?.rawValue ?? "?\(exchangeText)", environment?.rawValue ?? "-", account ?? "-"]
        words += ["\"\(label)\"", apiKeyHint, "\(place)"]
        switch verdict {
        case .usable: words.append("usable")
        case .twice(let first): words.append("twice(\(first))")
        case .refused(let refusal): words.append(refusal.sentence)
        }
        return words.joined(separator: " ")
    }

    var secretText: String? { secret?.string }
    var passphraseText: String? { passphrase?.string }
}
