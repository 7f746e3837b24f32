/// Text from outside, fit to stand among our own words.
package enum Plain {
    /// On one line; empty when there is nothing to see. Makers refuse what is blank.
    package static func line(_ text: String) -> String { clean(text, lineBreak: " ").trimmed }

    /// Without what changes how the text around it is read: control characters, and the marks that turn the
    /// direction of writing (by which `gpj.exe` reads `exe.jpg`).
    private static func clean(_ text: String, lineBreak: Unicode.Scalar) -> String {
        var scalars = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x09, 0x0A, 0x0D, 0x0B, 0x0C, 0x85, 0x2028, 0x2029:
                if scalars.last != lineBreak { scalars.append(lineBreak) }
            case 0..<0x20, 0x7F..<0xA0: continue
            case 0x061C, 0x200B, 0x200E, 0x200F, 0x202A...0x202E, 0x2060, 0x2066...0x2069, 0xFEFF: continue
            default: scalars.append(scalar)
            }
        }
        return String(scalars)
    }
}
