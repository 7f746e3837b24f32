/// The place that a secret is sealed for. It is authenticated with the secret, so ciphertext that is moved to
/// another row, column or version does not open.
package struct SealedField: Sendable, Hashable {
    package let table: String
    package let id: [UInt8]
    package let field: String
    package let version: Int

    package init(table: String, id: [UInt8], field: String, version: Int = 1) {
        self.table = table
        self.id = id
        self.field = field
        self.version = version
    }

    package init(table: String, id: String, field: String, version: Int = 1) {
        self.init(table: table, id: Array(id.utf8), field: field, version: version)
    }

    /// Each part after its length: no two fields give the same bytes.
    func associatedData(format: UInt8) -> [UInt8] {
        var bytes = Array("keybell sealed".utf8)
        bytes.append(format)
        for part in [Array(table.utf8), id, Array(field.utf8)] {
            bytes += BigEndian.bytes(UInt32(part.count))
            bytes += part
        }
        return bytes + BigEndian.bytes(Int64(version))
    }
}
