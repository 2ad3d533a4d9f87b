"""The pages that `app` navigates between; each file is run by Streamlit.

Not `pages`: Streamlit would run the files of a folder of that name by themselves, without `app`.
"""
