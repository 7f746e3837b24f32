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

    static var migrations: [Migration] {
        var migrations: [Migration] = []
        var file = kassets_files()
        while let entry = file?.pointee, let label = entry.name {
            let path = String(cString: label)
            if path.hasPrefix("Migrations/") {
                let sql = String(
                    decoding: UnsafeBufferPointer(start: entry.bytes, count: entry.length), as: UTF8.self)
                if let migration = Migration(fileName: String(path.dropFirst(11)), sql: sql) {
                    migrations.append(migration)
                }
            }
            file = file?.successor()
        }
        return migrations
    }
}
