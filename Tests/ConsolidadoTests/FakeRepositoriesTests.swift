import RepositoryContracts
import Testing

@testable import Consolidado

/// The fakes keep the promises that the services rely on, as the repositories on PostgreSQL do.
@Suite struct FakeRepositoriesTests {
    @Test(arguments: SaldoReadRepositoryContract.cases)
    func `the fake of the reads keeps the contract`(_ contract: ContractCase<SaldoStore>) async throws {
        let repository = FakeSaldoReadRepository()
        try await contract.check(SaldoStore(apply: { await repository.apply($0) }, read: repository))
    }

    @Test(arguments: SaldoRepositoryContract.cases)
    func `the fake of the consolidation keeps the contract`(_ contract: ContractCase<any SaldoRepository>) async throws {
        try await contract.check(FakeSaldoRepository())
    }
}
