import Testing

@testable import FileImport

@Suite struct FileAmountTests {
    @Test(arguments: [
        ("150.75", "150.75", false), ("-150,75", "150.75", true), ("+1", "1.00", false), ("1.5", "1.50", false), (",5", "0.50", false),
        ("R$ 1.234,56", "1234.56", false), ("1.234,56", "1234.56", false), ("1,234.56", "1234.56", false), ("-R$ 10,00", "10.00", true),
        ("R$ -10,00", "10.00", true), ("(10,00)", "10.00", true), ("1.234.567", "1234567.00", false), ("1.234.567,8", "1234567.80", false),
        ("0", "0.00", false), ("000123.40", "123.40", false), ("12.3400", "12.34", false), ("  R$\u{A0}1,5 ", "1.50", false),
        ("\u{2212}3", "3.00", true), ("R$1,23", "1.23", false),
    ])
    func `an amount is read as it is written`(written: String, text: String, isNegative: Bool) throws {
        let amount = try #require(FileAmount(written, singleSeparator: .ambiguous))
        #expect(amount.text == text)
        #expect(amount.isNegative == isNegative)
    }

    @Test(arguments: [
        "", "-", ".", ",", "R$", "1.2.3", "1,2,3", "1.23,456", "12.34.567", "1,234.567", "1.234,", "--1", "-R$-1", "1-", "12a", "1e5", "١",
        "1..2", "1.,2", "US$ 1", "1.234,56,7", "()", "12.345", "10 20",
    ])
    func `what is not surely an amount is refused`(written: String) {
        #expect(FileAmount(written, singleSeparator: .ambiguous) == nil)
    }

    @Test func `one separator before three digits is decimal in OFX, and ambiguous in a table`() {
        #expect(FileAmount("100.000", singleSeparator: .decimal)?.text == "100.00")
        #expect(FileAmount("100.001", singleSeparator: .decimal) == nil)
        #expect(FileAmount("100.000", singleSeparator: .ambiguous) == nil)
        #expect(FileAmount("1.000.000", singleSeparator: .ambiguous)?.text == "1000000.00")
    }
}
