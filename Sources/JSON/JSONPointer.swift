/// RFC 6901: the place of a value in a document.
package enum JSONPointer {
    /// A hostile name is cut here, so that the answer stays smaller than the question.
    static let nameScalarsAtMost = 128

    package static func member(_ name: String, of parent: String) -> String {
        var pointer = parent + "/"
        for scalar in name.unicodeScalars.prefix(nameScalarsAtMost) {
            switch scalar {
            case "~": pointer += "~0"
            case "/": pointer += "~1"
            default: pointer.unicodeScalars.append(scalar)
            }
        }
        return pointer
    }

    package static func element(_ index: Int, of parent: String) -> String { "\(parent)/\(index)" }
}
