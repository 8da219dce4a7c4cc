from data_generator.cli import app

app(prog_name="python -m data_generator")
