import Alerts
import CAssets
import Postgres

/// The files inside the binary: migrations, the contract, pages.
enum Assets {
    static func bytes(_ name: String) -> [UInt8]? {
        var file = kassets_files()
        while let entry = file?.pointee, let label = entry.name {
            if String(cString: label) == name {
                return Array(UnsafeBufferPointer(start: entry.bytes, count: entry.length))
            }
            file = file?.successor()
        }
        return nil
    }

    /// As `git describe` names it. Nil: nobody said.
    static let build: String? = kassets_build().flatMap { text in
        let name = String(cString: text).prefix { $0.isASCII && !$0.isWhitespace }
        return name.isEmpty ? nil : String(name.prefix(64))
    }

    static var migrations: [Migration] {
        files(in: "Migrations/").compactMap { name, bytes in
            Migration(fileName: name, sql: String(decoding: bytes, as: UTF8.self))
        }
    }

    /// Ready alert rules.
    static let packs: [RulePack] = files(in: "Packs/").compactMap { name, bytes in
        let pack = try? RulePack(bytes)
        precondition(pack != nil, "Packs/\(name) cannot be read")
        return pack
    }

    private static func files(in folder: String) -> [(name: String, bytes: [UInt8])] {
        var found: [(name: String, bytes: [UInt8])] = []
        var file = kassets_files()
        while let entry = file?.pointee, let label = entry.name {
            let path = String(cString: label)
            if path.hasPrefix(folder) {
                let bytes = Array(UnsafeBufferPointer(start: entry.bytes, count: entry.length))
                found.append((String(path.dropFirst(folder.utf8.count)), bytes))
            }
            file = file?.successor()
        }
        return found
    }
}
