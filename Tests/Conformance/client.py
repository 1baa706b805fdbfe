"""A client that openapi-python-client makes from the served documents registers an entry and reads its balance.

usage: client.py   (LANCAMENTOS_URL, CONSOLIDADO_URLS and TOKEN in the environment)
"""

import importlib
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import uuid


def generate(url, name, folder):
    config = folder / f"{name}.yaml"
    config.write_text(f"package_name_override: {name}\npost_hooks: []\n")
    command = [
        *[sys.executable, "-m", "openapi_python_client", "generate", "--url", f"{url}/openapi.json"],
        *["--meta", "none", "--config", config, "--output-path", folder / name],
    ]
    subprocess.run(command, check=True, cwd=folder)
    return importlib.import_module(name)


def main():
    lancamentos_url = os.environ["LANCAMENTOS_URL"]
    consolidado_url = os.environ["CONSOLIDADO_URLS"].split(",")[0]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        sys.path.insert(0, name)
        entries = generate(lancamentos_url, "cliente_lancamentos", folder)
        balances = generate(consolidado_url, "cliente_consolidado", folder)
        post = importlib.import_module("cliente_lancamentos.api.lancamentos.registrar_lancamento")
        read = importlib.import_module("cliente_consolidado.api.saldos.saldo_do_dia")
        models = importlib.import_module("cliente_lancamentos.models")

        conta = f"cliente.{uuid.uuid4().hex[:12]}"
        token = os.environ["TOKEN"]
        client = entries.AuthenticatedClient(base_url=lancamentos_url, token=token)
        novo = models.LancamentoNovo(conta=conta, tipo=models.Tipo.CREDITO, valor="150.75")
        answer = post.sync_detailed(client=client, body=novo, idempotency_key=f"cliente-{uuid.uuid4()}")
        assert answer.status_code == 201, answer
        entry = answer.parsed
        assert entry.valor == "150.75" and entry.conta == conta, entry

        client = balances.AuthenticatedClient(base_url=consolidado_url, token=token)
        for _ in range(100):
            balance = read.sync(data=entry.data, client=client, conta=conta)
            if balance.quantidade_creditos == 1:
                break
            time.sleep(0.1)
        assert balance.saldo_final == "150.75", balance
        print(f"the generated client registered {entry.id} and read the balance {balance.saldo_final}")


main()
